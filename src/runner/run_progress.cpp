// Units that do not run in one transaction: progress is recorded around each statement, so that a run that is cut off goes
// on at the right one (docs/reliability.md).
#include <fmt/format.h>

#include "core/clock.hpp"
#include "revision/graph.hpp"
#include "runner/run_step.hpp"
#include "runner/stop.hpp"

namespace migrate {
namespace {

Error in_doubt(const Step& step, int index, const std::string& why) {
  const auto& statement = step.statements[static_cast<std::size_t>(index)];
  return Error{ErrorKind::needs_person,
               fmt::format("{} of {} was cut off at statement {} of {}, and {} whether it took effect:\n    {}", to_text(step.direction),
                           title(step.revision), index + 1, step.statements.size(), why, statement.text),
               "look at the database, then run `migrate resume --applied` or `migrate resume --not-applied`", statement.location};
}

}  // namespace

StepOutcome StepRunner::run_progressively(const Step& step) {
  const auto* row = row_of(step.revision.id);
  const bool resumed = row != nullptr && row->state != RowState::applied;
  const int start = resumed ? resume_point(step, *row) : 0;
  events_.step_started(step, start);
  const Stopwatch watch;
  if (!resumed) {
    begin_progress(step);
  } else if (step.direction == Direction::upgrade && row->checksum != step.checksum) {
    connection().execute(versions_.unit_sql(step.revision.id, step.checksum, step.downgrade));
  }
  // What set the session up is gone with the session that was cut off.
  for (int i = 0; i < start; ++i) {
    const auto& statement = step.statements[static_cast<std::size_t>(i)];
    if (session_.dialect().classify(statement) == StatementClass::session) connection().execute(statement.text);
  }
  for (auto i = static_cast<std::size_t>(start); i < step.statements.size(); ++i) {
    if (stop_requested()) {
      record_stop(step, static_cast<int>(i));
      events_.notice(fmt::format("stopped before statement {} of {} of {}; the same command goes on there", i + 1, step.statements.size(),
                                 title(step.revision)));
      return StepOutcome::stopped;
    }
    run_recorded(step, i);
    events_.statement_done(step, static_cast<int>(i));
  }
  finish_progress(step);
  events_.step_done(step, watch.elapsed());
  return StepOutcome::done;
}

void StepRunner::begin_progress(const Step& step) {
  try {
    if (step.direction == Direction::upgrade) {
      connection().execute(versions_.insert_sql(new_row(step, RowState::upgrading), step.downgrade));
    } else {
      connection().execute(versions_.state_sql(step.revision.id, RowState::downgrading));
    }
  } catch (const DatabaseError& error) {
    throw StepFailure{error, -1, {}};
  }
}

/// The end of a step: its row, and the log with it.
void StepRunner::finish_progress(const Step& step) {
  const auto& row = step.revision.id;
  const auto change = step.direction == Direction::upgrade ? versions_.state_sql(row, RowState::applied, now_utc(), 0) : versions_.delete_sql(row);
  try {
    connection().execute(fmt::format("{};\n{};\n{};\nCOMMIT", session_.dialect().begin_sql(), change,
                                     versions_.log_sql(log_entry(step, "done", std::chrono::milliseconds(0)))));
  } catch (const DatabaseError& error) {
    throw StepFailure{error, -1, {}};
  }
}

/// A stop or a refused statement: all before `statement` is done and nothing is in doubt. A step of which nothing was done
/// leaves no trace.
void StepRunner::record_stop(const Step& step, int statement) {
  const auto& id = step.revision.id;
  if (statement > 0) {
    connection().execute(versions_.progress_sql(id, statement, {.done = digest_of(step.statements, static_cast<std::size_t>(statement))}));
  } else if (step.direction == Direction::upgrade) {
    connection().execute(versions_.delete_sql(id));
  } else {
    connection().execute(versions_.state_sql(id, RowState::applied));
  }
}

/// Runs one statement so that its effect and its record cannot come apart unnoticed: rows change together with the
/// record; for the rest the record says beforehand what the catalog looked like.
void StepRunner::run_recorded(const Step& step, std::size_t index) {
  const auto& dialect = session_.dialect();
  const auto& statement = step.statements[index];
  const auto& id = step.revision.id;
  const auto number = static_cast<int>(index);
  const Cancellable cancellable(connection(), false);
  try {
    const auto kind = dialect.classify(statement);
    if (kind == StatementClass::session || kind == StatementClass::query) {
      connection().execute(statement.text);
      return;
    }
    if (kind == StatementClass::data && dialect.rolls_back(connection(), statement)) {
      connection().execute(fmt::format("{};\n{}\n;\n{};\nCOMMIT", dialect.begin_sql(), statement.text,
                                       versions_.progress_sql(id, number + 1, {.done = digest_of(step.statements, index + 1)})));
      return;
    }
    Progress progress{.done = digest_of(step.statements, index), .in_doubt = true};
    if (kind == StatementClass::definition) {
      if (const auto cleanup = dialect.cleanup_before(connection(), statement); !cleanup.empty()) {
        events_.notice("clearing away what an earlier try left: " + cleanup);
        connection().execute(cleanup);
      }
      const auto before = dialect.fingerprint(connection(), session_.server(), statement);
      progress.visible = before.visible;
      progress.before = before.value;
    }
    connection().execute(versions_.progress_sql(id, number, progress));
    connection().execute(statement.text);
    connection().execute(versions_.progress_sql(id, number + 1, {.done = digest_of(step.statements, index + 1)}));
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::connection) {
      rollback();
      try {
        record_stop(step, number);
      } catch (const DatabaseError&) {
        // The record says "in doubt", which the next run settles.
      }
    }
    fail(step, error, number);
  }
}

/// Where a step that was cut off goes on.
int StepRunner::resume_point(const Step& step, const VersionRow& row) {
  const auto wanted = step.direction == Direction::upgrade ? RowState::upgrading : RowState::downgrading;
  if (row.state != wanted) {
    const std::string other = row.state == RowState::upgrading ? "upgrade" : "downgrade";
    throw Error{ErrorKind::needs_person, fmt::format("an {} of {} was cut off after {} statements", other, title(step.revision), row.statement),
                "finish it with the same command as before (migrate " + other + ") first", step.revision.location};
  }
  const auto progress = read_progress(row.fingerprint);
  const auto done = row.statement;
  if (done > static_cast<int>(step.statements.size()) ||
      (done > 0 && progress.done != digest_of(step.statements, static_cast<std::size_t>(done)))) {
    throw Error{ErrorKind::needs_person,
                fmt::format("{} of {} was cut off after {} statements, and the unit has been edited in these since", to_text(step.direction),
                            title(step.revision), done),
                "restore the statements that are done as they were (the ones behind them may change)", step.revision.location};
  }
  if (!progress.in_doubt || done == static_cast<int>(step.statements.size())) return done;
  return settle_doubt(step, row, progress);
}

int StepRunner::settle_doubt(const Step& step, const VersionRow& row, const Progress& progress) {
  const auto index = row.statement;
  const auto& statement = step.statements[static_cast<std::size_t>(index)];
  if (!progress.visible) throw in_doubt(step, index, "the catalog does not show");
  const auto now = session_.dialect().fingerprint(connection(), session_.server(), statement);
  const bool applied = now.value != progress.before;
  events_.notice(fmt::format("{} of {} was cut off at statement {}, which {}", to_text(step.direction), title(step.revision), index + 1,
                             applied ? "took effect: going on behind it" : "did not take effect: running it again"));
  return applied ? index + 1 : index;
}

std::vector<std::string> resume_sql(const Versions& versions, const VersionRow& row, const Step& step, Doubt answer) {
  const auto done = row.statement + (answer == Doubt::applied ? 1 : 0);
  return {versions.progress_sql(row.revision, done, {.done = digest_of(step.statements, static_cast<std::size_t>(done))})};
}

}  // namespace migrate
