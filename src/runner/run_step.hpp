/// Runs one step, in a transaction or statement by statement with its progress recorded.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/journal.hpp"
#include "runner/run.hpp"
#include "runner/session_plan.hpp"
#include "runner/session_rules.hpp"

namespace migrate {

enum class StepOutcome {
  done,
  already_done,  ///< another process did it in the meantime
  plan_changed,  ///< another process changed what is applied: plan again
  stopped        ///< by a signal, between statements
};

/// What a step that failed has left.
enum class Kept {
  nothing,
  earlier,  ///< the statements before the one that failed are done and recorded
  unknown   ///< the connection is gone, or it is not known which statement failed; what is done is recorded
};

/// A statement of a step failed.
struct StepFailure {
  static constexpr int not_known = -1;  ///< which statement it was
  static constexpr int record = -2;     ///< it is the step's record in our own tables

  DatabaseError error;
  int statement = not_known;  ///< index, or one of the above
  std::vector<std::string> blockers;
  bool mended = false;         ///< its cause is gone: it is worth running again
  Kept kept = Kept::unknown;
  const Step* step = nullptr;  ///< where it is not the one that was asked for

  /// The error for people: revision, statement, file and line, the server's words, a hint.
  [[nodiscard]] Error described(const Step& asked) const;
};

class StepRunner {
 public:
  /// `rows` is kept up to date by the caller after a reconnect.
  StepRunner(Session& session, const Versions& versions, const RunOptions& options, RunEvents& events, std::vector<VersionRow>& rows);

  /// Sends the session's settings.
  static void set_up(Session& session, const RunOptions& options);

  /// Throws StepFailure, and Error (needs_person) for a statement in doubt.
  /// `more`: a step that is_progressive follows, whose first record may take this one's last along.
  StepOutcome run(Step& step, bool more = false);

  /// Says that the run has no other step.
  void is_alone(bool alone) { alone_ = alone; }

  /// Whether the step's progress is recorded statement by statement.
  [[nodiscard]] bool is_progressive(const Step& step) const;

  /// Writes the records that are due. Throws StepFailure.
  void flush();

  /// All steps in one transaction.
  StepOutcome run_together(std::vector<Step>& steps);

  /// Whether the rows say that the step has been done.
  [[nodiscard]] bool is_done(const Step& step) const;

  /// Notes a failure in the log, as far as the database lets us.
  void log_failure(const Step& step, const DatabaseError& error) noexcept;

 private:
  StepOutcome run_in_transaction(const Step& step);
  StepOutcome run_in_session(Step& step, bool more);
  [[nodiscard]] bool needs_session(const Step& step);
  StepOutcome run_in_batch(const Step& step);
  StepOutcome run_one_by_one(const Step& step);
  StepOutcome run_progressively(Step& step, bool more);
  void begin_exclusive(const Step& step);
  void send_one(const Step& step, int index, const Statement& statement);
  std::optional<StepOutcome> overtaken();
  static std::map<std::string, RowState> states_of(const std::vector<VersionRow>& rows);
  void expect_done(const Step& step);
  static void check_violations(const Step& step, std::vector<std::string> before, const std::vector<std::string>& after);
  static int index_of(const Step& step, const Statement& statement, int from = 0);
  // ---- programs (run_program.cpp) ----
  class TransactionSink;
  class ProgressSink;
  StepOutcome run_program_in_transaction(Step& step);
  std::optional<StepOutcome> try_together(std::vector<Step>& steps, std::vector<Statement>& outside);
  StepOutcome run_program_progressively(Step& step, const VersionRow* row);
  /// How far the program is when all statements in front of `index` are done.
  [[nodiscard]] Journal journal_at(std::size_t index) const;
  /// The record that says so.
  [[nodiscard]] Progress progress_at(const Step& step, std::size_t index);
  // ---- progress (run_progress.cpp, run_resume.cpp) ----
  struct Batch {
    std::string sql;
    std::vector<std::size_t> starts;  ///< of the step's statements in it
    std::size_t end = 0;              ///< of the last of them

    void add(const Statement& statement) {
      starts.push_back(sql.size());
      sql += statement.text + "\n;\n";
    }
  };
  /// What gives the session back after a step that has none of its own.
  std::vector<std::string> keep_session(const Step& step);
  /// The row of a step of which nothing has been recorded yet.
  struct Opening {
    VersionRow row;
    std::string downgrade;
    bool is_new = false;  ///< the row is not in the table
  };
  [[nodiscard]] std::string opening_sql() const;
  [[nodiscard]] Opening opening_for(const Step& step) const;
  void open_beforehand(const Step& step);
  /// The record of a progress; the step's opening is part of it while it is due.
  [[nodiscard]] std::string progress_record(const Step& step, std::size_t statement, const Progress& progress,
                                            const std::vector<std::string>& expressions = {}) const;
  std::size_t run_group(const Step& step, std::size_t index);
  std::optional<std::size_t> run_bond(const Step& step, std::size_t index);
  [[nodiscard]] std::size_t end_of_bond(const Step& step, std::size_t index, bool strict) const;
  [[nodiscard]] bool can_share(const Step& step, std::size_t first, std::size_t end);
  /// `kept_at`: how many statements were done when `session` was kept.
  void give_back(const Step& step, std::size_t start, std::size_t kept_at, const KeptSession& session);
  void run_again(const Step& step, const std::string& sql);
  void put_back(const Step& step, std::size_t done, const KeptSession& session);
  void record_before(const Step& step, std::size_t first, std::size_t end);
  [[nodiscard]] bool was_applied(const Step& step) const;
  void note_session(const Step& step, std::size_t index, Progress& progress) const;
  void run_free(const Step& step, std::size_t index);
  void clean_up(const Step& step, std::size_t index);
  /// `divisible`: the statements are a group for speed alone, and each commits when a later one fails.
  std::size_t run_group_together(const Step& step, std::size_t first, std::size_t end, bool divisible = false);
  /// Where the statements end that change rows, from `index` on, and share a transaction.
  [[nodiscard]] std::size_t end_of_rows(const Step& step, std::size_t index);
  [[nodiscard]] bool rolls_back(const Step& step, std::size_t index);
  std::optional<std::size_t> run_block(const Step& step, std::size_t index, const Step::Block& block);
  std::size_t run_undone(const Step& step, std::size_t first, std::size_t end);
  [[nodiscard]] std::vector<std::string> records_due(std::string progress) const;
  std::size_t run_witnessed(const Step& step, std::size_t first, const std::vector<Witness>& witnesses);
  std::size_t run_observed(const Step& step, std::size_t index, StatementClass kind);
  void record_and_run(const Step& step, std::size_t first, std::size_t end, const std::string& progress);
  void send(const Step& step, std::size_t first, const Batch& batch, bool atomic, bool divisible = false);
  bool keep_front(const Step& step, std::size_t failed);
  void execute(const Step& step, std::size_t first, const Batch& batch);
  void record_stop(const Step& step, std::size_t statement);
  [[nodiscard]] std::vector<Witness> witnesses_from(const Step& step, std::size_t index) const;
  [[nodiscard]] static const Step::Block* block_of(const Step& step, std::size_t index);
  [[nodiscard]] bool is_setting(const Step& step, std::size_t index) const;
  [[nodiscard]] std::size_t resume_point(const Step& step, const VersionRow& row);
  static void check_direction(const Step& step, const VersionRow& row);
  [[nodiscard]] std::size_t settle(const Step& step, std::size_t done, const Progress& progress);
  [[nodiscard]] std::size_t settle_by_witnesses(const Step& step, std::size_t done, const Progress& progress);
  /// The step's name in a server's list of online changes.
  [[nodiscard]] static std::string online_context(const Step& step) { return "migrate:" + step.revision.id + ":" + std::string(to_text(step.direction)); }
  [[nodiscard]] std::size_t settle_by_fingerprint(const Step& step, std::size_t done, const Progress& progress);
  void forget_pending() {
    pending_.clear();
    opening_.reset();
  }

  /// Does work for a statement: when the server refuses, the step stops in front of it.
  template <class F>
  auto guarded(const Step& step, std::size_t index, F&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) forget_pending();
      else stop_at(step, index);
      fail(step, error, static_cast<int>(index));
    }
  }
  /// Digest of the first statements; what was worked out for one is kept for the next.
  [[nodiscard]] std::string done_digest(const Step& step, std::size_t count);
  void stop_at(const Step& step, std::size_t index) noexcept;

  [[nodiscard]] int find_failed_statement(const Step& step, const std::vector<std::size_t>& offsets, const DatabaseError& error);
  [[nodiscard]] int failed_again(const Step& step, std::size_t first, std::size_t end, const DatabaseError& error, const std::vector<std::string>& records);
  void record(const Step& step, std::chrono::milliseconds time, int& current);
  [[nodiscard]] std::vector<std::string> closing_sql(const Step& step, std::chrono::milliseconds time) const;
  /// Puts the rows of what a squash unit stands for in the place of its own, or takes them all away.
  [[nodiscard]] std::vector<std::string> stand_in_sql(const Step& step, std::chrono::milliseconds time) const;
  [[nodiscard]] VersionRow new_row(const Step& step, RowState state) const;
  [[nodiscard]] LogEntry log_entry(const Step& step, const std::string& outcome, std::chrono::milliseconds time) const;
  [[nodiscard]] const VersionRow* row_of(const std::string& revision) const;
  void rollback() noexcept;
  [[noreturn]] void fail(const Step& step, const DatabaseError& error, int statement);
  Connection& connection() { return session_.connection(); }

  Session& session_;
  Versions versions_;
  const RunOptions& options_;
  RunEvents& events_;
  std::vector<VersionRow>& rows_;
  std::string by_;
  std::string change_counter_;
  std::map<std::string, RowState> expected_;  ///< what is applied if only this run writes
  std::vector<std::string> pending_;  ///< records of finished steps that the next record takes along
  std::vector<std::string> digests_;  ///< of the running step
  std::map<std::string, bool, std::less<>> rolls_back_;  ///< what RunFace::rolls_back() said, until a definition runs
  std::optional<Opening> opening_;    ///< of the running step
  std::optional<Journal> journal_;    ///< of the running program, in front of the call in flight
  SessionPlan plan_;                  ///< of the running step
  std::optional<bool> code_;          ///< whether code in the database may change the session of any statement
  bool alone_ = false;
  bool opened_ = false;               ///< the running step has its row already
  std::optional<std::size_t> recorded_;  ///< where the record in the database stands, when nothing behind it was begun
  std::size_t call_end_ = 0;          ///< where the statements of that call end
};

}  // namespace migrate
