/// Runs steps against a database: once, whoever else runs at the same time, and to the end, whatever happened to the run
/// before (docs/reliability.md).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "runner/session.hpp"
#include "runner/step.hpp"
#include "runner/versions.hpp"

namespace migrate {

enum class RunTransaction { per_revision, all, none };

enum class LockKind {
  automatic,  ///< a session's lock where the server has it, else a lease
  session,
  lease       ///< see runner/lease.hpp
};

/// What statements take away is kept in the database for the way back (docs/keep.md).
struct KeepOptions {
  bool on = false;
  bool strict = false;                  ///< a unit that takes what cannot be kept is refused
  std::chrono::milliseconds time{0};    ///< how long it is kept; 0: for ever
};

struct RunOptions {
  bool plan_again = false;  ///< the planner looks at more than the rows (the schema): it is asked again behind the lock, whatever they say
  std::string versions_table = "schema_versions";
  std::chrono::milliseconds lock_wait{60000};  ///< how long to wait for another runner
  LockKind lock_kind = LockKind::automatic;
  std::chrono::milliseconds lease{15000};      ///< how long a lease is good without a sign of life
  std::chrono::milliseconds reconnect{30000};  ///< how long to go on trying when the connection is lost: a server that restarts, or another that takes over
  RunTimeouts timeouts;
  std::string online_ddl;                      ///< how a unit's definitions are carried out online (see RunFace::run_online); "": as they stand
  int retries = 5;                             ///< of a step that hit a lock timeout or a serialization failure
  RunTransaction transaction = RunTransaction::per_revision;
  KeepOptions keep;
  bool apart = false;  ///< each statement in a message of its own where that can be, for one who measures them: slower
  std::string remark;  ///< stands behind who runs it, in rows and log: "plan 3fa2b1c4d5e6"
  std::vector<Statement> before_run;  ///< hooks: behind the lock, in every session that a run makes, when there is something to run
  std::vector<Statement> after_run;   ///< when all of it is done
  /// Called behind the lock before anything is made or run, when there may be something to run; what it throws ends the run.
  std::function<void(Session& session)> before_first;
  /// Called behind the lock when a run has failed, with a connection that works; not when the lock was lost.
  std::function<void(Session& session)> when_failed;
  /// Called behind the lock, outside any transaction, when a run has changed something; keeps the schema for `drift`. When it
  /// fails that is a notice: what was run stays done.
  std::function<void(Session& session)> keep_schema;
};

/// What happens during a run, for the terminal and for JSON.
class RunEvents {
 public:
  virtual ~RunEvents() = default;
  virtual void plan(const std::vector<Step>& steps) { (void)steps; }
  virtual void waiting(const std::string& holder) { (void)holder; }
  virtual void step_started(const Step& step, int resumed_at) { (void)step, (void)resumed_at; }
  virtual void statement_done(const Step& step, int index) { (void)step, (void)index; }
  /// Around each statement that is sent in a message of its own (RunOptions::apart): in front of it, and right behind it, in its session
  /// and its transaction. What they ask there must not fail in a transaction.
  virtual void statement_sent(const Step& step, int index) { (void)step, (void)index; }
  virtual void statement_ended(const Step& step, int index) { (void)step, (void)index; }
  /// How far a long statement or a unit's own work has come.
  virtual void progress(const Step& step, const std::string& text) { (void)step, (void)text; }
  virtual void retry(const Step& step, int attempt, const std::string& reason, const std::vector<std::string>& blockers) {
    (void)step, (void)attempt, (void)reason, (void)blockers;
  }
  virtual void step_done(const Step& step, std::chrono::milliseconds time) { (void)step, (void)time; }
  virtual void notice(const std::string& text) { (void)text; }
};

/// Works out the steps for what is applied now; called before the lock is taken and again behind it. It throws for what
/// must stop the run (an edited unit, an unknown revision, a REVIEW).
using Planner = std::function<std::vector<Step>(const std::vector<VersionRow>& rows)>;

struct RunResult {
  int steps = 0;
  bool stopped = false;  ///< by a signal, between steps or statements
};

/// Runs what `planner` says. Throws Error: `locked` when another runner keeps the lock longer than `lock_wait`,
/// `needs_person` when a statement is in doubt, else what failed, with the statement's location.
RunResult run(Session& session, const RunOptions& options, const Planner& planner, RunEvents& events);

/// Makes a step what a run of these options makes of it, whose statements its record counts.
void prepare_step(Step& step, const RunOptions& options, Session& session);

/// Runs work that is not made of steps (stamp, repair) under the same lock, in a transaction where there are any;
/// `work` gets the rows as they are behind the lock and returns the SQL to run. `after` runs behind it, still under the lock.
void run_locked(Session& session, const RunOptions& options, RunEvents& events,
                const std::function<std::vector<std::string>(const std::vector<VersionRow>& rows)>& work,
                const std::function<void(Session& session)>& after = {});

/// What is known about a statement that was begun and not recorded as done.
enum class Doubt { applied, not_applied, unknown };

/// Settles the row of a step that was cut off, as a person says: the statement in doubt was applied, or was not.
[[nodiscard]] std::vector<std::string> resume_sql(const Versions& versions, const VersionRow& row, const Step& step, Doubt answer);

/// Digest of statements: the first `count`, or a range; and the digest with one more.
[[nodiscard]] std::string digest_of(const std::vector<Statement>& statements, std::size_t count);
[[nodiscard]] std::string digest_of(const std::vector<Statement>& statements, std::size_t first, std::size_t end);
[[nodiscard]] std::string next_digest(const std::string& digest, const Statement& statement);

}  // namespace migrate
