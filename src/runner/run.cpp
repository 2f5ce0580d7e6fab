#include "runner/run.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <optional>

#include "core/clock.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"
#include "runner/keep.hpp"
#include "runner/run_lock.hpp"
#include "runner/run_step.hpp"
#include "runner/session_rules.hpp"
#include "runner/stop.hpp"
#include "runner/unit_transactions.hpp"

namespace migrate {
namespace {

void keep(Session& session, const RunOptions& options, RunEvents& events) {
  if (!options.keep_schema) return;
  try {
    options.keep_schema(session);
  } catch (const Error& error) {
    events.notice(std::string("the schema could not be kept for `migrate drift`: ") + error.what());
  }
}

void create_tables(Session& session, const Versions& versions, bool keeps_schema, bool keeps_rows) {
  const auto& schema = versions.table().schema;
  session.dialect().run().check_records_place(session.connection(), session.server(), versions.table());
  auto statements = versions.create_sql(session.server());
  // Together with the others: a run that is killed behind its last unit leaves all of them.
  if (keeps_schema) {
    for (auto& sql : versions.create_schema_sql(session.server())) statements.push_back(std::move(sql));
  }
  if (keeps_rows) {
    for (auto& sql : versions.create_kept_sql(session.server())) statements.push_back(std::move(sql));
  }
  for (const auto& sql : statements) {
    try {
      session.connection().execute(sql);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::lock_timeout) throw;
      auto hint = error.hint;
      if (!schema.empty()) {
        hint = "`versions_table` in migrate.yaml names " + versions.table().text() + ": create " + schema + " first, and give the role the right to create tables there";
      } else if (hint.empty()) {
        hint = "the role needs the right to create tables there; versions_table in migrate.yaml names another place";
      }
      throw Error{ErrorKind::failed, "cannot create the table " + versions.table().text() + ": " + error.message(), hint};
    }
  }
}

/// One run: lock, plan again, step after step.
class Run {
 public:
  Run(Session& session, const RunOptions& options, const Planner& planner, RunEvents& events)
      : session_(session), options_(options), planner_(planner), events_(events), versions_(session.dialect(), options.versions_table),
        lock_(session, versions_, options), keeper_(session, versions_, options, events) {
    session_.set_up_units([this] {
      StepRunner::set_up(session_, options_);
      std::vector<Statement> hooks;
      std::copy_if(options_.before_run.begin(), options_.before_run.end(), std::back_inserter(hooks), [&](const auto& statement) { return sets_up(statement); });
      run_hook("before_run", hooks);
      if (const auto sql = session_.dialect().run().see_all_commits_sql(session_.server()); !sql.empty()) session_.connection().execute(sql);
      lock_.follow(session_.connection());
    });
  }
  ~Run() { session_.set_up_units({}); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  RunResult execute() {
    if (const auto sql = session_.dialect().run().limit_waiting(options_.lock_wait); !sql.empty()) session_.connection().execute(sql);
    wait_for_database(options_, events_, "the versions table cannot be read", [&] { rows_ = versions_.read(session_.connection(), &table_exists_); });
    // A row that is begun may be another run's work in progress: only behind the lock it is known to be cut off.
    const bool under_way = std::any_of(rows_.begin(), rows_.end(), [](const VersionRow& row) { return row.state != RowState::applied; });
    if (!under_way) {
      first_plan_ = planner_(rows_);
      if (first_plan_->empty()) return {};
      planned_for_ = rows_;
    }
    lock_.acquire(events_);
    if (options_.before_first) options_.before_first(session_);
    try {
      prepare();
      run_all();
    } catch (const DatabaseError& error) {
      tell_failure(error.cause == DatabaseError::Cause::connection);
      throw;  // the connection may be gone
    } catch (const Error&) {
      if (result_.steps > 0 || part_kept_) keep(session_, options_, events_);
      tell_failure(false);
      throw;
    }
    if (result_.steps > 0) {
      if (!result_.stopped) run_hook("after_run", options_.after_run);
      keep(session_, options_, events_);
    }
    return result_;
  }

 private:
  void tell_failure(bool disconnected) {
    if (!options_.when_failed || lock_.lost()) return;
    if (disconnected) {
      lock_.abandon();
      migrate::connect_again(session_, options_);
      lock_.acquire(events_);
    }
    options_.when_failed(session_);
  }

  /// Whether a hook sets a session up, or runs code that may: every session has it then. All else is done once, and the run's own session
  /// holds locks for all of them.
  [[nodiscard]] bool sets_up(const Statement& hook) const {
    const auto& sql = session_.dialect().sql();
    const auto use = sql.session_use(hook);
    const bool locks = std::any_of(use.leaves.begin(), use.leaves.end(), [](const SessionItem& item) { return item.kind == SessionItem::Kind::lock; });
    return !locks && (sql.classify(hook) == StatementClass::session || use.anything || !use.leaves.empty());
  }

  void run_all() {
    while (true) {
      auto steps = plan();
      if (steps.empty()) return;
      if (result_.steps == 0) events_.plan(steps);
      if (run_steps(steps)) return;
    }
  }

  /// Makes the tables, and sets the session up, behind the lock.
  void prepare() {
    StepRunner::set_up(session_, options_);
    run_hook("before_run", options_.before_run);  // may choose the role that owns the tables made here
    rows_ = versions_.read(session_.connection(), &table_exists_);
    if (table_exists_) versions_.expect_all_rows(session_.connection());
    if (!table_exists_) wait_for_database(options_, events_, "the versions table cannot be made", [&] { create_tables(session_, versions_, options_.keep_schema != nullptr, options_.keep.on); });
    table_exists_ = true;
    // Named with their schema from now on: a unit may change what names mean, CREATE SCHEMA too.
    versions_.stay_in(session_.dialect().run().schema_of(session_.connection(), versions_.table()));
    wait_for_database(options_, events_, "what is kept cannot be looked at", [&] { keeper_.prepare(); });
  }

  void run_hook(const char* name, const std::vector<Statement>& statements) {
    for (const auto& statement : statements) {
      try {
        session_.connection().execute(statement.text);
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        throw Error{ErrorKind::failed, fmt::format("the hook {} failed: {}", name, error.message()), error.hint, statement.location};
      }
    }
  }

  std::vector<Step> plan() {
    // What was read and planned in front of the lock is still right when nobody else has done anything.
    auto steps = first_plan_ && !options_.plan_again && planned_for_ == rows_ ? std::move(*first_plan_) : planner_(rows_);
    first_plan_.reset();
    for (auto& step : steps) prepare_step(step, options_, session_);
    keeper_.announce(steps);
    for (auto& step : steps) {
      const auto row = std::find_if(rows_.begin(), rows_.end(), [&](const VersionRow& one) { return one.revision == step.revision.id; });
      keeper_.take_over(step, row == rows_.end() ? nullptr : &*row);
    }
    return steps;
  }

  /// True when the run is over; false when what is applied may have changed, and the plan must be made anew.
  bool run_steps(std::vector<Step>& steps) {
    StepRunner runner(session_, versions_, options_, events_, rows_);
    runner.is_alone(steps.size() == 1);
    const bool together = options_.transaction == RunTransaction::all && session_.server().capabilities.transactional_ddl;
    if (together) {
      const auto outcome = with_retries(runner, steps.front(), [&] { return runner.run_together(steps); });
      if (outcome == StepOutcome::done) result_.steps += static_cast<int>(steps.size());
      return finish(outcome);
    }
    for (std::size_t i = 0; i < steps.size(); ++i) {
      auto& step = steps[i];
      if (stop_requested()) return finish(with_retries(runner, step, [&] { return runner.flush(), StepOutcome::stopped; }));
      const bool more = i + 1 < steps.size() && runner.is_progressive(steps[i + 1]);
      const auto outcome = with_retries(runner, step, [&] { return runner.run(step, more); });
      if (outcome == StepOutcome::done) {
        ++result_.steps;
        reconnects_ = 0;
      } else if (outcome != StepOutcome::already_done) {
        return finish(outcome);
      }
      step = {};
    }
    return true;
  }

  bool finish(StepOutcome outcome) {
    if (outcome == StepOutcome::plan_changed) {
      rows_ = versions_.read(session_.connection(), &table_exists_);
      return false;
    }
    if (outcome == StepOutcome::stopped) result_.stopped = true;
    return true;
  }

  StepOutcome with_retries(StepRunner& runner, const Step& step, const std::function<StepOutcome()>& work) {
    std::chrono::milliseconds pause{200};
    int attempts = 0;
    bool mended = false;
    while (true) {
      try {
        return work();
      } catch (const StepFailure& failure) {
        const auto& error = failure.error;
        if (error.cause != DatabaseError::Cause::connection && lock_.lost()) throw lost_lock(step);
        const bool again = error.cause == DatabaseError::Cause::lock_timeout || error.cause == DatabaseError::Cause::serialization ||
                           (failure.mended && !std::exchange(mended, true));
        if (stop_requested() && error.cause == DatabaseError::Cause::cancelled) return StepOutcome::stopped;
        if (again && attempts < options_.retries) {
          ++attempts;
          events_.retry(step, attempts, error.message(), failure.blockers);
          sleep_with_jitter(pause);
          pause = std::min(pause * 2, std::chrono::milliseconds(5000));
          if (stop_requested()) return StepOutcome::stopped;
          rows_ = versions_.read(session_.connection(), &table_exists_);
        } else if (error.cause == DatabaseError::Cause::connection && reconnects_ < 5) {
          ++reconnects_;
          events_.notice("the connection was lost (" + error.message() + "); connecting again");
          connect_again(step, failure);
          // Another process may have gone on meanwhile; and a commit whose answer was lost stands in the rows or does not.
          return StepOutcome::plan_changed;
        } else {
          runner.log_failure(failure.step != nullptr ? *failure.step : step, error);
          part_kept_ = failure.kept == Kept::earlier;
          throw failure.described(step);
        }
      }
    }
  }

  Error lost_lock(const Step& step) {
    return Error{ErrorKind::locked,
                 fmt::format("{} of {}: this run has lost its lock: nothing was heard of it for more than {} s, and another run may have gone on", to_text(step.direction),
                             title(step.revision), options_.lease.count() / 1000),
                 "run the same command again: it goes on where the other run ends; lock.lease in migrate.yaml gives more time", step.revision.location};
  }

  /// Connects again and takes the lock again.
  void connect_again(const Step& step, const StepFailure& failure) {
    lock_.abandon();
    try {
      migrate::connect_again(session_, options_, [&] {
        lock_.abandon();
        lock_.acquire(events_);
        StepRunner::set_up(session_, options_);
        run_hook("before_run", options_.before_run);
      });
    } catch (const DatabaseError& error) {
      lock_.abandon();
      events_.notice(fmt::format("for {} s no server took the run up again: {}", options_.reconnect.count() / 1000, error.message()));
      throw failure.described(step);
    }
  }

  Session& session_;
  const RunOptions& options_;
  const Planner& planner_;
  RunEvents& events_;
  Versions versions_;
  HeldLock lock_;
  Keeper keeper_;
  std::vector<VersionRow> rows_;
  std::optional<std::vector<Step>> first_plan_;  ///< made in front of the lock
  std::vector<VersionRow> planned_for_;          ///< the rows that it was made for
  bool table_exists_ = false;
  bool part_kept_ = false;  ///< a step failed behind statements that stay
  RunResult result_;
  int reconnects_ = 0;  ///< since the last step that was done
};

}  // namespace

RunResult run(Session& session, const RunOptions& options, const Planner& planner, RunEvents& events) {
  return Run(session, options, planner, events).execute();
}

void prepare_step(Step& step, const RunOptions& options, Session& session) {
  if (options.transaction == RunTransaction::none) step.transaction = false;
  if (step.program) return;
  const bool transactional = session.server().capabilities.transactional_ddl;
  absorb_transactions(step, session.dialect(), transactional);
  if (!transactional) refuse_parted(step, session.dialect());
}

void run_locked(Session& session, const RunOptions& options, RunEvents& events,
                const std::function<std::vector<std::string>(const std::vector<VersionRow>& rows)>& work,
                const std::function<void(Session& session)>& after) {
  const Versions versions(session.dialect(), options.versions_table);
  HeldLock lock(session, versions, options);
  lock.acquire(events);
  const auto waiting = [&](const std::function<void()>& part) { wait_for_database(options, events, "nothing was changed", part); };
  if (const auto sql = session.dialect().run().limit_waiting(options.lock_wait); !sql.empty()) session.connection().execute(sql);
  bool exists = false;
  waiting([&] { (void)versions.read(session.connection(), &exists); });
  if (exists) versions.expect_all_rows(session.connection());
  if (!exists) waiting([&] { create_tables(session, versions, options.keep_schema != nullptr, false); });
  waiting([&] { session.connection().execute(session.begin_sql()); });
  try {
    for (const auto& sql : work(versions.read(session.connection()))) session.connection().execute(sql);
    session.connection().execute("COMMIT");
  } catch (...) {
    try {
      session.connection().execute("ROLLBACK");
    } catch (const DatabaseError&) {
      // The first error is the one to tell.
    }
    throw;
  }
  keep(session, options, events);
  if (after) after(session);
}

std::string digest_of(const std::vector<Statement>& statements, std::size_t count) { return digest_of(statements, 0, count); }

std::string digest_of(const std::vector<Statement>& statements, std::size_t first, std::size_t end) {
  std::string digest;
  for (auto i = first; i < std::min(end, statements.size()); ++i) digest = next_digest(digest, statements[i]);
  return digest;
}

std::string next_digest(const std::string& digest, const Statement& statement) { return sha256(digest + '\0' + statement.text).substr(0, 16); }

}  // namespace migrate
