// migrate apply: the model made true in a database without revisions, and no file written
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/draft.hpp"
#include "cli/events.hpp"
#include "core/clock.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "dialect/lint.hpp"
#include "runner/stop.hpp"

namespace migrate::cli {
namespace {

/// What the revisions of `apply` start with: they have no unit, and their rows keep the way back.
constexpr std::string_view mark = "apply-";

bool is_applied_model(const VersionRow& row) { return row.revision.starts_with(mark); }

void refuse_revisions(const std::vector<VersionRow>& rows) {
  const auto other = std::find_if(rows.begin(), rows.end(), [](const VersionRow& row) { return !is_applied_model(row); });
  if (other == rows.end()) return;
  throw Error{ErrorKind::usage, "the database has revisions (" + other->revision + " is one): `apply` is for databases without",
              "`migrate revision --autogenerate -m MESSAGE` writes the change as a revision, `migrate upgrade` applies it"};
}

/// What would be gone for good: the way back brings the definition and not the values.
std::string loss(const Operation& operation) {
  const bool lost = std::visit(
      overloaded{[](const Drop<Table>&) { return true; }, [](const Drop<Sequence>&) { return true; }, [](const Drop<Extension>&) { return true; },
                 [](const DropSchema&) { return true; }, [](const Remove<Column>& op) { return !op.object.generated; },
                 [](const Change<Column>& op) { return lint::narrows(lower(op.before.type), lower(op.after.type)) || (!op.before.generated && op.after.generated); },
                 [](const Alter<EnumType>& op) {
                   const auto stays = [&](const std::string& value) {
                     const auto& renamed = op.after.declared.value_renames;
                     return std::find(op.after.values.begin(), op.after.values.end(), value) != op.after.values.end() ||
                            std::any_of(renamed.begin(), renamed.end(), [&](const auto& rename) { return rename.second == value; });
                   };
                   return !std::all_of(op.before.values.begin(), op.before.values.end(), stays);
                 },
                 [](const auto&) { return false; }},
      operation);
  return lost ? describe(operation) : "";
}

void refuse_losses(Context& context, const Draft& draft) {
  if (context.arguments.has("allow-drop")) return;
  std::vector<std::string> lost;
  for (const auto& change : draft.difference.changes) {
    if (auto text = loss(change.operation); !text.empty()) lost.push_back(std::move(text));
  }
  if (lost.empty()) return;
  throw Error{ErrorKind::difference, "values would be lost: " + join(lost, "; "), "nothing was changed; --allow-drop lets go of them, --rename OLD:NEW says what only has another name"};
}

void refuse_questions(const Draft& draft) {
  for (const auto& change : draft.difference.changes) {
    if (change.review.empty()) continue;
    throw Error{ErrorKind::needs_person, "the change has a question: " + change.review, "answer it with --rename, --no-rename or --answers, or in the model (backfill:, cast:)"};
  }
}

/// The change as a unit that nobody writes down.
Step make_step(Context& context, const Draft& draft, const std::vector<VersionRow>& rows) {
  auto& target = context.target();
  Revision revision;
  for (const auto& row : rows) revision.parents = {row.revision};
  revision.id = fmt::format("{}{:04}-{}", mark, rows.size() + 1, random_hex(3));
  revision.message = "the model applied";
  revision.created = now_utc();
  const auto text = draft.text(UnitFormat::sql, target.session().dialect());
  std::string unit = "-- revision: " + revision.id + "\n";
  if (!revision.parents.empty()) unit += "-- parents: " + revision.parents.front() + "\n";
  unit += "-- message: " + revision.message + "\n-- created: " + revision.created + "\n\n-- migrate: upgrade\n" + text.upgrade + "\n-- migrate: downgrade\n" + text.downgrade;
  return target.step_of(parse_sql_unit(unit, "the model applied", {.folders = {}, .known_engines = engine_names()}), Direction::upgrade);
}

void show(Context& context, const Draft& draft, const Step& step) {
  const auto& output = context.output;
  print_remarks(output, draft.difference.remarks);
  if (output.json()) {
    nlohmann::ordered_json json{{"event", "changes"}, {"changes", nlohmann::ordered_json::array()}, {"statements", nlohmann::ordered_json::array()}};
    for (const auto& change : draft.difference.changes) json["changes"].push_back(describe(change.operation));
    for (const auto& statement : step.statements) json["statements"].push_back(statement.text);
    output.line(json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  for (const auto& change : draft.difference.changes) output.note("  " + describe(change.operation));
  for (const auto& finding : draft.findings) output.note("  lint " + finding.id + ": " + finding.effect);
  for (const auto& statement : step.statements) output.line(statement.text + ";");
}

/// One that was cut off where the engine cannot take back what it did: what is left to do, comparing tells anew.
void forget_cut_off(Context& context, const RunOptions& options, RunEvents& events, const std::vector<VersionRow>& rows) {
  if (std::none_of(rows.begin(), rows.end(), [](const VersionRow& row) { return row.state == RowState::upgrading; })) return;
  auto& target = context.target();
  run_locked(target.session(), options, events, [&](const std::vector<VersionRow>& now) {
    std::vector<std::string> sql;
    for (const auto& row : now) {
      if (!is_applied_model(row) || row.state != RowState::upgrading) continue;
      context.output.note(row.revision + " was cut off; the model is compared anew with what it left");
      sql.push_back(target.versions().delete_sql(row.revision));
      sql.push_back(target.versions().log_sql({"apply", row.revision, "cut off; compared anew", now_utc(), who_runs(), 0, tool_version()}));
    }
    return sql;
  });
}

int run_step(Context& context, const RunOptions& options, RunEvents& events, const Planner& planner) {
  install_stop_handlers();
  const auto result = run(context.target().session(), options, planner, events);
  if (result.stopped) throw Error{ErrorKind::failed, "stopped", "the same command goes on"};
  return 0;
}

int undo(Context& context, const RunOptions& options, RunEvents& events) {
  auto& target = context.target();
  auto rows = target.versions().read(target.session().connection());
  refuse_revisions(rows);
  if (rows.empty()) throw Error{ErrorKind::usage, "there is nothing to take back: no model was applied here"};
  const auto last = rows.back().revision;
  const Planner planner = [&](const std::vector<VersionRow>& now) {
    std::vector<Step> steps;
    if (!now.empty() && now.back().revision == last) steps.push_back(target.step(last, Direction::downgrade));
    return steps;
  };
  const auto steps = planner(rows);
  for (const auto& statement : steps.at(0).statements) context.output.line(statement.text + ";");
  if (context.arguments.has("dry-run")) return 0;
  context.confirm("Take back " + last + " on " + target.url().display() + "?");
  return run_step(context, options, events, planner);
}

}  // namespace

int run_apply(Context& context) {
  auto& target = context.target();
  EventPrinter events(context.output);
  auto options = target.run_options(context.arguments.get("lock-timeout"));
  options.keep_schema = target.schema_keeper();
  if (context.arguments.has("undo")) return undo(context, options, events);
  const auto look = [&] { return make_draft(context, read_sides(context), rename_options(context), given_answers(context).data); };
  auto rows = target.versions().read(target.session().connection());
  refuse_revisions(rows);
  const bool dry = context.arguments.has("dry-run");
  if (!dry) forget_cut_off(context, options, events, rows);
  rows = target.versions().read(target.session().connection());
  const auto draft = look();
  if (draft.difference.empty()) {
    if (context.output.json()) context.output.line(R"({"event":"changes","changes":[],"statements":[]})");
    else context.output.note("nothing to do: the model and the database agree");
    return 0;
  }
  const auto step = make_step(context, draft, rows);
  show(context, draft, step);
  refuse_questions(draft);
  refuse_losses(context, draft);
  if (dry) return 0;
  context.confirm(fmt::format("Make {} on {}?", plural(draft.difference.changes.size(), "change"), target.url().display()));
  return run_step(context, options, events, [&](const std::vector<VersionRow>& now) {
    refuse_revisions(now);
    const auto ours = std::find_if(now.begin(), now.end(), [&](const VersionRow& row) { return row.revision == step.revision.id; });
    if (ours != now.end() && ours->state == RowState::applied) return std::vector<Step>{};
    if (ours == now.end() && now != rows) throw Error{ErrorKind::failed, "the database was changed meanwhile, by another run", "run the same command again"};
    return std::vector<Step>{step};
  });
}

}  // namespace migrate::cli
