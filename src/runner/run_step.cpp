#include "runner/run_step.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

#include "core/clock.hpp"
#include "core/version.hpp"
#include "dialect/run.hpp"
#include "revision/graph.hpp"
#include "runner/run_lock.hpp"
#include "runner/stop.hpp"
#include "runner/unit_transactions.hpp"

namespace migrate {
namespace {

/// The first lines of a statement, for a message.
std::string excerpt(const std::string& text) {
  std::string out;
  int lines = 0;
  std::size_t start = 0;
  while (start < text.size() && lines < 12) {
    const auto end = std::min(text.find('\n', start), text.size());
    out += "\n    " + text.substr(start, std::min<std::size_t>(end - start, 200));
    start = end + 1;
    ++lines;
  }
  return start < text.size() ? out + "\n    ..." : out;
}

}  // namespace

Error StepFailure::described(const Step& asked) const {
  const auto& step = this->step != nullptr ? *this->step : asked;
  const std::string direction(to_text(step.direction));
  std::string message = fmt::format("{} of {} failed", direction, title(step.revision));
  Location location = step.revision.location;
  if (statement >= 0 && statement < static_cast<int>(step.statements.size())) {
    const auto& failed = step.statements[static_cast<std::size_t>(statement)];
    location = failed.location;
    message += fmt::format(" at statement {} of {}", statement + 1, step.statements.size());
    message += ": " + error.message();
    if (!error.sqlstate.empty()) message += fmt::format(" [{}]", error.sqlstate);
    message += excerpt(failed.text);
  } else {
    message += ": " + error.message();
    if (!error.sqlstate.empty()) message += fmt::format(" [{}]", error.sqlstate);
  }
  if (!blockers.empty()) {
    message += "\n  blocked by:";
    for (const auto& blocker : blockers) message += "\n    " + blocker;
  }
  auto hint = error.hint;
  if (hint.empty() && error.sqlstate == "25001" && step.transaction) {
    hint = "put `-- transaction: off` into the unit's header; each of its statements then commits by itself";
  } else if (hint.empty() && error.cause == DatabaseError::Cause::lock_timeout) {
    hint = "run the same command again when what blocks it has ended, or raise statement.lock_timeout in migrate.yaml";
  } else if (hint.empty()) {
    hint = kept == Kept::nothing   ? "nothing of this revision was kept; mend it and run the same command again"
           : kept == Kept::earlier ? "the statements before it are done and recorded; mend it and run the same command again"
                                   : "what is done is recorded: run the same command again, it goes on from there";
  }
  return Error{ErrorKind::failed, message, hint, location};
}

StepRunner::StepRunner(Session& session, const Versions& versions, const RunOptions& options, RunEvents& events, std::vector<VersionRow>& rows)
    : session_(session), versions_(versions), options_(options), events_(events), rows_(rows), plan_(session.dialect()) {
  by_ = who_runs();
  expected_ = states_of(rows);
  if (const auto& user = session.server().user; !user.empty()) by_ = user + " (" + by_ + ")";
  if (!options.remark.empty()) by_ += ", " + options.remark;
}

void StepRunner::set_up(Session& session, const RunOptions& options) {
  const auto& run = session.dialect().run();
  const bool pooled = session.server().capabilities.pooled;
  auto sql = pooled ? run.transaction_setup(options.timeouts) : run.session_setup(options.timeouts);
  if (const auto more = run.cluster_setup(session.server(), pooled); !more.empty()) sql += (sql.empty() ? "" : ";\n") + more;
  if (pooled) session.set_up_transactions(sql);
  else if (!sql.empty()) session.connection().execute(sql);
}

const VersionRow* StepRunner::row_of(const std::string& revision) const {
  const auto it = std::find_if(rows_.begin(), rows_.end(), [&](const VersionRow& row) { return row.revision == revision; });
  return it == rows_.end() ? nullptr : &*it;
}

bool StepRunner::is_done(const Step& step) const {
  const auto* row = row_of(step.revision.id);
  if (step.direction == Direction::downgrade) return row == nullptr;
  return row != nullptr && row->state == RowState::applied && (!step.revision.repeatable || row->checksum == step.checksum);
}

VersionRow StepRunner::new_row(const Step& step, RowState state) const {
  return {.revision = step.revision.id, .message = step.revision.message, .checksum = step.checksum, .state = state,
          .applied_at = now_utc(), .applied_by = by_, .tool_version = tool_version()};
}

LogEntry StepRunner::log_entry(const Step& step, const std::string& outcome, std::chrono::milliseconds time) const {
  return {std::string(to_text(step.direction)), step.revision.id, outcome, now_utc(), by_, time.count(), tool_version()};
}

void StepRunner::rollback() noexcept {
  try {
    connection().execute("ROLLBACK");
  } catch (const std::exception&) {
    // A broken connection has rolled back by itself.
  }
}

void StepRunner::fail(const Step& step, const DatabaseError& error, int statement) {
  StepFailure failure{statement == StepFailure::record ? versions_.explain(error, "the record of it cannot be written") : error, statement, {}};
  failure.step = &step;
  if (error.cause != DatabaseError::Cause::connection) {
    failure.kept = !is_progressive(step) || statement == 0 ? Kept::nothing : statement > 0 ? Kept::earlier : Kept::unknown;
  }
  if (error.cause == DatabaseError::Cause::statement && statement >= 0 && statement < static_cast<int>(step.statements.size())) {
    const auto left = session_.dialect().run().left_by_failed(session_.server(), step.statements[static_cast<std::size_t>(statement)]);
    if (!left.empty()) failure.error.hint = left;
    try {
      failure.mended = session_.dialect().run().mend(connection(), step.statements[static_cast<std::size_t>(statement)], error);
    } catch (const DatabaseError&) {
      // The first error is the one to tell.
    }
  }
  if (error.cause == DatabaseError::Cause::lock_timeout) {
    try {
      Statement about;
      for (std::size_t i = 0; i < step.statements.size(); ++i) {
        if (statement < 0 || static_cast<int>(i) == statement) about.text += step.statements[i].text + "\n;\n";
      }
      failure.blockers = session_.dialect().run().blockers(connection(), about);
    } catch (const Error&) {
      // Not being allowed to see who blocks is no reason to hide what failed.
    }
  }
  throw failure;
}

void StepRunner::log_failure(const Step& step, const DatabaseError& error) noexcept {
  try {
    connection().execute(versions_.log_sql(log_entry(step, "failed: " + error.message().substr(0, 2000), std::chrono::milliseconds(0))));
  } catch (const std::exception&) {
    // The failure itself is reported anyway.
  }
}

StepOutcome StepRunner::run(Step& step, bool more) {
  plan_.forget();
  rolls_back_.clear();
  opened_ = false;
  if (!step.program) plan_.follow(step.statements);
  if (!needs_session(step)) {
    if (plan_.makes_code()) code_ = true;
    return run_in_session(step, more);
  }
  flush();  // in our own
  const bool progressive = is_progressive(step);
  if (progressive && (row_of(step.revision.id) == nullptr || was_applied(step))) open_beforehand(step);
  std::optional<UnitSession> session;
  try {
    session.emplace(session_);
  } catch (DatabaseError& error) {
    if (progressive && std::exchange(opened_, false)) stop_at(step, 0);
    if (error.hint.empty()) error.hint = "the unit has a session of its own beside the run's (docs/units.md, The session): two connections are needed";
    throw StepFailure{error};
  }
  const auto outcome = run_in_session(step, true);
  session.reset();
  if (step.program) plan_.follow(step.statements);
  if (plan_.makes_code()) code_ = true;
  if (progressive && !more) flush();
  return outcome;
}

StepOutcome StepRunner::run_in_session(Step& step, bool more) {
  // What is ours, made and changed outside of steps, is never changed online.
  struct AsUsual {
    Session& session;
    ~AsUsual() { session.carry_out_by(nullptr); }
  };
  std::optional<AsUsual> behind;
  if (!options_.online_ddl.empty()) {
    behind.emplace(session_);
    session_.carry_out_by([this, context = online_context(step)](Connection& connection, const std::string& statement) {
      session_.dialect().run().run_online(connection, session_.server(), statement, options_.online_ddl, context);
    });
  }
  if (is_progressive(step)) return run_progressively(step, more);
  flush();
  if (step.program) return run_program_in_transaction(step);
  return run_in_transaction(step);
}

// ---- in a transaction ----------------------------------------------------------------------------------------------

std::vector<std::string> StepRunner::closing_sql(const Step& step, std::chrono::milliseconds time) const {
  std::vector<std::string> sql;
  if (!step.stands_for.empty()) {
    sql = stand_in_sql(step, time);
  } else if (step.direction == Direction::upgrade) {
    auto row = new_row(step, RowState::applied);
    row.duration_ms = time.count();
    if (row_of(step.revision.id) == nullptr) {
      sql.push_back(versions_.insert_sql(row, step.downgrade));
    } else {  // a repeatable unit that runs again
      sql.push_back(versions_.unit_sql(row.revision, step.checksum, step.downgrade));
      sql.push_back(versions_.state_sql(row.revision, RowState::applied, row.applied_at, row.duration_ms));
    }
  } else {
    sql.push_back(versions_.delete_sql(step.revision.id));
  }
  sql.push_back(versions_.log_sql(log_entry(step, "done", time)));
  return sql;
}

std::vector<std::string> StepRunner::stand_in_sql(const Step& step, std::chrono::milliseconds time) const {
  std::vector<std::string> sql{versions_.delete_sql(step.revision.id)};
  for (const auto& other : step.stands_for) {
    if (step.direction == Direction::downgrade) {
      sql.push_back(versions_.delete_sql(other.revision));
      continue;
    }
    auto row = new_row(step, RowState::applied);
    row.revision = other.revision;
    row.message = other.message;
    row.checksum = other.checksum;
    row.duration_ms = other.revision == step.stands_for.back().revision ? time.count() : 0;
    sql.push_back(versions_.insert_sql(row, other.downgrade));
  }
  return sql;
}

StepOutcome StepRunner::run_in_transaction(const Step& step) {
  return session_.server().capabilities.single_writer ? run_one_by_one(step) : run_in_batch(step);
}

std::vector<std::string> StepRunner::keep_session(const Step& step) {
  if (session_.separate()) return {};
  return session_.dialect().run().restore_session(step.statements, &connection());
}

StepOutcome StepRunner::run_in_batch(const Step& step) {
  const auto restore = keep_session(step);
  events_.step_started(step, 0);
  const Stopwatch watch;
  const Cancellable cancellable(connection(), true);
  const auto opening = opening_of(session_, step.statements.empty() ? Statement{} : step.statements.front());
  std::string batch = opening.begin;
  std::vector<std::size_t> offsets;
  // A message is read as a whole before any of it runs: what a statement makes of the way texts are quoted holds from the next message on.
  std::vector<std::size_t> ends;
  const LexicalRules* rules = nullptr;
  for (const auto& statement : step.statements) {
    if (std::exchange(rules, statement.rules) != statement.rules && !offsets.empty()) ends.push_back(batch.size());
    offsets.push_back(batch.size());
    batch += statement.text + "\n;\n";
    if (offsets.size() == 1) batch += opening.behind_first;
  }
  offsets.push_back(batch.size());
  for (const auto& sql : restore) batch += sql + ";\n";
  batch += session_.own_settings();
  for (const auto& sql : closing_sql(step, std::chrono::milliseconds(0))) batch += sql + ";\n";
  batch += "COMMIT";
  ends.push_back(batch.size());
  std::size_t sent = 0;
  try {
    for (const auto end : ends) {
      connection().execute(std::string_view(batch).substr(sent, end - sent));
      sent = end;
    }
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw StepFailure{error};
    rollback();
    auto placed = error;
    if (placed.position >= 0) placed.position += static_cast<long long>(sent);
    fail(step, error, find_failed_statement(step, offsets, placed));
  }
  events_.step_done(step, watch.elapsed());
  return StepOutcome::done;
}

/// The server tells a place for some errors only; for the others the statements run again one by one in a transaction
/// that is rolled back, until one fails.
int StepRunner::find_failed_statement(const Step& step, const std::vector<std::size_t>& offsets, const DatabaseError& error) {
  if (error.position >= 0) {
    const auto it = std::upper_bound(offsets.begin(), offsets.end(), static_cast<std::size_t>(error.position));
    const auto index = static_cast<int>(it - offsets.begin()) - 1;
    return index >= static_cast<int>(step.statements.size()) ? StepFailure::record : index;
  }
  if (error.cause != DatabaseError::Cause::statement && step.statements.size() == 1) return 0;
  return failed_again(step, 0, step.statements.size(), error, closing_sql(step, std::chrono::milliseconds(0)));
}

/// Which of the statements, or of the records behind them, fails with that error when they run one by one, in a transaction that is
/// rolled back.
int StepRunner::failed_again(const Step& step, std::size_t first, std::size_t end, const DatabaseError& error, const std::vector<std::string>& records) {
  if (error.cause != DatabaseError::Cause::statement) return StepFailure::not_known;
  int failed = StepFailure::not_known;
  auto i = first;
  try {
    const auto opening = opening_of(session_, first < end ? step.statements[first] : Statement{});
    connection().execute(opening.begin);
    for (; i < end; ++i) {
      connection().execute(step.statements[i].text);
      if (i == first && !opening.behind_first.empty()) connection().execute(opening.behind_first);
    }
    for (const auto& record : records) connection().execute(record);
  } catch (const DatabaseError& again) {
    if (again.sqlstate == error.sqlstate) failed = i < end ? static_cast<int>(i) : StepFailure::record;
  }
  rollback();
  return failed;
}

void StepRunner::send_one(const Step& step, int index, const Statement& statement) {
  if (options_.apart) events_.statement_sent(step, index);
  connection().execute(statement.text);
  if (options_.apart) events_.statement_ended(step, index);
}

/// Where a transaction locks the whole database it is also the lock of the run: waited for by polling, outside of it.
void StepRunner::begin_exclusive(const Step& step) {
  try {
    wait_for_database(options_, events_, fmt::format("{} of {}", to_text(step.direction), title(step.revision)),
                      [&] { connection().execute(session_.begin_sql()); });
  } catch (const DatabaseError& error) {
    StepFailure failure{error};
    if (error.cause != DatabaseError::Cause::connection) failure.kept = Kept::nothing;
    failure.step = &step;
    throw failure;
  }
}

/// Behind the write lock: whether another process has changed what is applied since the plan was made.
std::optional<StepOutcome> StepRunner::overtaken() {
  // A connection counts what others have changed: a new one has nothing to compare with.
  const auto counter = session_.separate() ? std::string() : session_.dialect().run().change_counter(connection());
  if (session_.separate()) change_counter_.clear();
  else if (!counter.empty() && std::exchange(change_counter_, counter) == counter) return std::nullopt;
  return states_of(versions_.read(connection())) == expected_ ? std::nullopt : std::optional(StepOutcome::plan_changed);
}

std::map<std::string, RowState> StepRunner::states_of(const std::vector<VersionRow>& rows) {
  std::map<std::string, RowState> states;
  for (const auto& row : rows) states.emplace(row.revision, row.state);
  return states;
}

void StepRunner::expect_done(const Step& step) {
  for (const auto& other : step.stands_for) {
    if (step.direction == Direction::upgrade) expected_[other.revision] = RowState::applied;
    else expected_.erase(other.revision);
  }
  if (!step.stands_for.empty()) {
    expected_.erase(step.revision.id);
    return;
  }
  if (step.direction == Direction::upgrade) expected_[step.revision.id] = RowState::applied;
  else expected_.erase(step.revision.id);
}

StepOutcome StepRunner::run_one_by_one(const Step& step) {
  const auto frame = session_.dialect().run().frame_unit(step.statements, &connection());
  const auto restore = [&] {
    for (const auto& sql : frame.restore) connection().execute(sql);
  };
  int current = StepFailure::not_known;
  const auto run_all = [&](const std::vector<Statement>& statements) {
    current = -1;
    for (const auto& statement : statements) {
      current = index_of(step, statement, current + 1);
      send_one(step, current, statement);
      events_.statement_done(step, current);
    }
    current = StepFailure::not_known;
  };
  try {
    run_all(frame.before);
    begin_exclusive(step);
    if (const auto outcome = overtaken()) {
      rollback();
      restore();
      return *outcome;
    }
    events_.step_started(step, 0);
    const Stopwatch watch;
    const Cancellable cancellable(connection(), true);
    const auto before = frame.violations ? frame.violations(connection()) : std::vector<std::string>{};
    run_all(frame.statements);
    if (frame.violations) check_violations(step, before, frame.violations(connection()));
    record(step, watch.elapsed(), current);
    connection().execute("COMMIT");
    expect_done(step);
    run_all(frame.after);
    restore();
    events_.step_done(step, watch.elapsed());
    return StepOutcome::done;
  } catch (const DatabaseError& error) {
    rollback();
    restore();
    fail(step, error, current);
  } catch (const Error&) {
    rollback();
    restore();
    throw;
  }
}

/// Writes the step's row and its line of the log, in the transaction of the step. `current` tells meanwhile what runs.
void StepRunner::record(const Step& step, std::chrono::milliseconds time, int& current) {
  current = StepFailure::record;
  if (!session_.own_settings().empty()) connection().execute(session_.own_settings());
  for (const auto& sql : closing_sql(step, time)) connection().execute(sql);
  current = StepFailure::not_known;
}

/// A rule that the unit broke: what is violated now and was not before.
void StepRunner::check_violations(const Step& step, std::vector<std::string> before, const std::vector<std::string>& after) {
  std::vector<std::string> fresh;
  for (const auto& line : after) {
    const auto it = std::find(before.begin(), before.end(), line);
    if (it == before.end()) fresh.push_back(line);
    else before.erase(it);
  }
  if (fresh.empty()) return;
  std::string message = fmt::format("{} of {} would break the database's rules:", to_text(step.direction), title(step.revision));
  for (std::size_t i = 0; i < fresh.size() && i < 10; ++i) message += "\n    " + fresh[i];
  if (fresh.size() > 10) message += fmt::format("\n    and {} more", fresh.size() - 10);
  throw Error{ErrorKind::failed, message, "nothing of this revision was kept; mend the rows or the unit and run it again", step.revision.location};
}

/// Where the statement stands. What a frame holds comes in the unit's order: looked for from `from` on it is found at once.
int StepRunner::index_of(const Step& step, const Statement& statement, int from) {
  const auto& all = step.statements;
  auto it = std::find(all.begin() + from, all.end(), statement);
  if (it == all.end()) it = std::find(all.begin(), all.begin() + from, statement);
  const auto index = static_cast<int>(it - all.begin());
  return index < static_cast<int>(all.size()) && *it == statement ? index : StepFailure::not_known;
}

}  // namespace migrate
