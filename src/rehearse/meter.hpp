/// Measures every statement of a run: time, rows, locks, tables written anew, bytes of log.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "rehearse/lock_watch.hpp"
#include "runner/run.hpp"

namespace migrate {

class Meter : public RunEvents {
 public:
  Meter(Target& copy, Rehearsal& rehearsal);
  ~Meter() override = default;
  Meter(const Meter&) = delete;
  Meter& operator=(const Meter&) = delete;

  /// In front of each run, outside any transaction.
  void before_run();
  /// Behind it, whatever became of it: the locks of its statements are known then.
  void after_run();

  void step_started(const Step& step, int resumed_at) override;
  void statement_sent(const Step& step, int index) override;
  void statement_ended(const Step& step, int index) override;
  void step_done(const Step& step, std::chrono::milliseconds time) override;
  void notice(const std::string& text) override { rehearsal_.notes.push_back(text); }

 private:
  [[nodiscard]] bool asks_behind(const Statement& statement) const;
  [[nodiscard]] std::string shown(const QualifiedName& table);
  void measure_rows(MeasuredStatement& measured);
  void measure_files(MeasuredStatement& measured);
  void cannot(const std::string& what, const std::string& why);

  Target& copy_;
  Rehearsal& rehearsal_;
  RunClock clock_;
  LockWatch watch_;
  RunClock::Duration sent_{0};
  std::optional<long long> log_;
  std::optional<RowsChanged> rows_;
  std::map<QualifiedName, TableFile> files_;  ///< the last file of each name that a table had since the run began
  std::size_t noted_ = 0;  ///< statements whose locks are noted already
  bool told_locks_ = false;
  bool told_files_ = false;
};

}  // namespace migrate
