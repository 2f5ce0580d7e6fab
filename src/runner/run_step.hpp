/// Runs one step, in a transaction or statement by statement with its progress recorded.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/run.hpp"

namespace migrate {

enum class StepOutcome {
  done,
  already_done,  ///< another process did it in the meantime
  plan_changed,  ///< another process changed what is applied: plan again
  stopped        ///< by a signal, between statements
};

/// A statement of a step failed.
struct StepFailure {
  DatabaseError error;
  int statement = -1;  ///< index, or -1 when it is the framework's own SQL
  std::vector<std::string> blockers;
  bool earlier_kept = false;  ///< the statements before it are done and recorded

  /// The error for people: revision, statement, file and line, the server's words, a hint.
  [[nodiscard]] Error described(const Step& step) const;
};

class StepRunner {
 public:
  /// `rows` is kept up to date by the caller after a reconnect.
  StepRunner(Session& session, const Versions& versions, const RunOptions& options, RunEvents& events, std::vector<VersionRow>& rows);

  /// Sends the session's settings.
  static void set_up(Session& session, const RunOptions& options);

  /// Throws StepFailure, and Error (needs_person) for a statement in doubt.
  StepOutcome run(const Step& step);

  /// All steps in one transaction.
  void run_together(const std::vector<Step>& steps);

  /// Whether the rows say that the step has been done.
  [[nodiscard]] bool is_done(const Step& step) const;

  /// Notes a failure in the log, as far as the database lets us.
  void log_failure(const Step& step, const DatabaseError& error) noexcept;

 private:
  StepOutcome run_in_transaction(const Step& step);
  StepOutcome run_in_batch(const Step& step);
  StepOutcome run_one_by_one(const Step& step);
  StepOutcome run_progressively(const Step& step);
  void begin_exclusive(const Step& step);
  std::optional<StepOutcome> overtaken(const Step& step);
  static void check_violations(const Step& step, std::vector<std::string> before, const std::vector<std::string>& after);
  static int index_of(const Step& step, const Statement& statement);
  void run_recorded(const Step& step, std::size_t index);
  int resume_point(const Step& step, const VersionRow& row);
  [[nodiscard]] int settle_doubt(const Step& step, const VersionRow& row, const Progress& progress);
  void begin_progress(const Step& step);
  void finish_progress(const Step& step);
  void record_stop(const Step& step, int statement);
  [[nodiscard]] int find_failed_statement(const Step& step, const std::string& batch, const std::vector<std::size_t>& offsets,
                                          const DatabaseError& error);
  [[nodiscard]] std::vector<std::string> closing_sql(const Step& step, std::chrono::milliseconds time) const;
  [[nodiscard]] VersionRow new_row(const Step& step, RowState state) const;
  [[nodiscard]] LogEntry log_entry(const Step& step, const std::string& outcome, std::chrono::milliseconds time) const;
  [[nodiscard]] const VersionRow* row_of(const std::string& revision) const;
  void rollback() noexcept;
  [[noreturn]] void fail(const Step& step, const DatabaseError& error, int statement);
  Connection& connection() { return session_.connection(); }

  Session& session_;
  const Versions& versions_;
  const RunOptions& options_;
  RunEvents& events_;
  std::vector<VersionRow>& rows_;
  std::string by_;
  std::string change_counter_;
  std::set<std::string> done_here_;
};

}  // namespace migrate
