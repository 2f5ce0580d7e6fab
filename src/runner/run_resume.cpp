// Where a unit that was cut off goes on: what the record leaves open is told by the catalog, or by a person.
#include <fmt/format.h>

#include "core/text.hpp"
#include "dialect/run.hpp"
#include "revision/graph.hpp"
#include "runner/run_step.hpp"
#include "runner/session_rules.hpp"

namespace migrate {
namespace {

Error in_doubt(const Step& step, std::size_t index, const std::string& why) {
  const auto& statement = step.statements[index];
  return Error{ErrorKind::needs_person,
               fmt::format("{} of {} was cut off at statement {} of {}, and {} whether it took effect:\n    {}", to_text(step.direction),
                           title(step.revision), index + 1, step.statements.size(), why, statement.text),
               "look at the database, then run `migrate resume --applied` if it did, or `migrate resume --not-applied` if it did not", statement.location};
}

Error edited(const Step& step, const std::string& what) {
  return Error{ErrorKind::needs_person, fmt::format("{} of {} was cut off, and {} has been edited since", to_text(step.direction), title(step.revision), what),
               "restore it as it was (what stands behind it may change)", step.revision.location};
}

}  // namespace

void StepRunner::check_direction(const Step& step, const VersionRow& row) {
  const auto wanted = step.direction == Direction::upgrade ? RowState::upgrading : RowState::downgrading;
  if (row.state != wanted) {
    const std::string other = row.state == RowState::upgrading ? "upgrade" : "downgrade";
    throw Error{ErrorKind::needs_person, fmt::format("an {} of {} was cut off after {}", other, title(step.revision), plural(static_cast<std::size_t>(row.statement), "statement")),
                "finish it with the same command as before (migrate " + other + ") first", step.revision.location};
  }
}

/// Where a step that was cut off goes on.
std::size_t StepRunner::resume_point(const Step& step, const VersionRow& row) {
  check_direction(step, row);
  const auto progress = read_progress(row.fingerprint);
  const auto done = static_cast<std::size_t>(std::max(0, row.statement));
  if (done > step.statements.size() || (done > 0 && progress.done != digest_of(step.statements, done))) {
    throw edited(step, fmt::format("one of the {} statements that are done", done));
  }
  put_back(step, done, read_session(progress.session));
  return progress.in_doubt ? settle(step, done, progress) : done;
}

/// What became of the statements that were begun behind the first `done`; returns how many are done.
std::size_t StepRunner::settle(const Step& step, std::size_t done, const Progress& progress) {
  const auto count = static_cast<std::size_t>(std::max(1, progress.witnesses));
  if (done + count > step.statements.size() || (!progress.begun.empty() && progress.begun != digest_of(step.statements, done, done + count))) {
    throw edited(step, fmt::format("statement {}, at which it was cut off,", done + 1));
  }
  const auto next = progress.witnesses > 0 ? settle_by_witnesses(step, done, progress) : settle_by_fingerprint(step, done, progress);
  const auto next_place = step.statements[std::min(next, step.statements.size() - 1)].location;
  events_.notice(fmt::format("{} of {} was cut off at statement {}: {}", to_text(step.direction), title(step.revision), done + 1,
                             next == done                     ? "it did not take effect and runs again"
                             : next == step.statements.size() ? "it took effect, and was the last"
                                                              : fmt::format("going on at statement {} (line {})", next + 1, next_place.line)));
  return next;
}

/// The statements ran in their order: the last one that shows its effect tells about the ones before it.
std::size_t StepRunner::settle_by_witnesses(const Step& step, std::size_t done, const Progress& progress) {
  const auto before = split(progress.before, ',');
  std::vector<Witness> witnesses;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < static_cast<std::size_t>(progress.witnesses); ++i) {
    auto witness = session_.dialect().run().witness(step.statements[done + i]);
    if (!witness || i >= before.size()) throw in_doubt(step, done + i, "this version of migrate cannot tell");
    values.push_back(witness->value);
    witnesses.push_back(std::move(*witness));
  }
  const auto now = connection().query("SELECT " + join(values, ", ")).rows.at(0);
  std::size_t next = done;
  for (std::size_t i = 0; i < witnesses.size(); ++i) {
    // It was there before and the statement refuses that: neither it nor what stands behind it has run.
    if (witnesses[i].anew && before[i] == witnesses[i].after) break;
    const auto value = now.at(i).value_or("");
    if (value == before[i]) continue;
    if (value != witnesses[i].after) {
      if (witnesses[i].finish.empty()) throw in_doubt(step, done + i, "the catalog does not show clearly");
      connection().execute(witnesses[i].finish);
    }
    next = done + i + 1;
  }
  return next;
}

std::size_t StepRunner::settle_by_fingerprint(const Step& step, std::size_t done, const Progress& progress) {
  const auto& statement = step.statements[done];
  if (!progress.visible) throw in_doubt(step, done, "the catalog does not show");
  // What a failed try left is not the statement's effect.
  clean_up(step, done);
  if (!options_.online_ddl.empty()) session_.dialect().run().await_online(connection(), session_.server(), online_context(step));
  return session_.dialect().run().fingerprint(connection(), session_.server(), statement).value != progress.before ? done + 1 : done;
}

std::vector<std::string> resume_sql(const Versions& versions, const VersionRow& row, const Step& step, Doubt answer) {
  const auto done = static_cast<std::size_t>(std::max(0, row.statement)) + (answer == Doubt::applied ? 1 : 0);
  const auto earlier = read_progress(row.fingerprint);
  Progress progress;
  if (step.program || !earlier.journal.empty()) progress.journal = earlier.journal;
  else progress.done = digest_of(step.statements, done);
  // What was kept is what was there before the statement in doubt.
  progress.session = earlier.session;
  if (answer == Doubt::applied && progress.journal.empty() && done > 0 && done <= step.statements.size()) {
    SessionPlan plan(versions.dialect());
    plan.follow({step.statements[done - 1]});
    if (plan.leaves_anything(0, 1)) progress.session.clear();
  }
  return {versions.progress_sql(row.revision, static_cast<int>(done), progress)};
}

}  // namespace migrate
