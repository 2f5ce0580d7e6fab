#include "cli/review_maker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "autogenerate/former_names.hpp"
#include "autogenerate/held.hpp"
#include "autogenerate/losses.hpp"
#include "cli/lint_output.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "library/unit_program.hpp"
#include "review/diagram.hpp"
#include "review/outcome.hpp"
#include "review/revisions.hpp"
#include "transfer/masks.hpp"

namespace migrate::cli {
namespace {

constexpr std::size_t shown_values = 5;
constexpr std::size_t rows_by_hand = 20;

std::vector<std::string> sql_of(const std::vector<Statement>& statements) {
  std::vector<std::string> texts;
  for (const auto& statement : statements) texts.push_back(statement.text);
  return texts;
}

/// The way back, or why there is none.
void add_way_back(Target& target, review::Unit& unit, const std::string& revision) {
  try {
    auto back = target.step(revision, Direction::downgrade);
    record_program(back);
    unit.down = sql_of(back.statements);
  } catch (const Error& error) {
    unit.no_way_back = error.message();
  }
}

void add_findings(review::Unit& unit, const LintedUnit& linted) {
  for (const auto& finding : linted.findings) unit.findings.push_back(review::to_finding(finding));
}

ReviewedUnit to_unit(Context& context, const LintedUnit& linted) {
  auto& target = context.target();
  ReviewedUnit out{.unit = {.id = linted.revision, .title = linted.revision, .file = shown_path(linted.file)}, .statements = {}, .in_graph = context.project().graph().index(linted.revision) >= 0};
  add_findings(out.unit, linted);
  const auto* file = context.project().unit(linted.revision);
  if (file == nullptr) return out;
  out.unit.title = title(file->revision);
  auto forward = target.step(linted.revision, Direction::upgrade);
  record_program(forward);
  out.unit.up = sql_of(forward.statements);
  out.statements = std::move(forward.statements);
  add_way_back(target, out.unit, linted.revision);
  return out;
}

std::string time_text(std::chrono::milliseconds time) { return time.count() < 1000 ? std::to_string(time.count()) + " ms" : fmt::format("{:.1f} s", static_cast<double>(time.count()) / 1000); }

}  // namespace

ReviewMaker::ReviewMaker(Context& context, bool samples) : context_(context), samples_(samples) {
  if (const auto file = context.arguments.get("plan"); !file.empty()) plan_ = read_plan(file, context.project());
  if (const auto file = context.arguments.get("rehearsal"); !file.empty()) rehearsal_ = read_rehearsal(read_file(file), file);
}

bool ReviewMaker::is_at_head() {
  auto& target = context_.target();
  const auto& graph = context_.project().graph();
  const auto now = graph.mark(applied_ids(target.read_rows()));
  return std::all_of(graph.revisions().begin(), graph.revisions().end(), [&](const Revision& revision) { return now[static_cast<std::size_t>(graph.index(revision.id))] != 0; });
}

review::Review ReviewMaker::make(const Answers& answers) {
  auto& session = context_.target().session();
  if (!units_) units_ = plan_ || !context_.arguments.positional.empty() || !is_at_head();
  review::Review review;
  const auto file = session.dialect().run().file_of(context_.target().url());
  review.database = file.empty() ? context_.target().url().display() : shown_path(file);
  review.server = session.server().product + " " + session.server().version;
  review.written = now_utc();
  review.answers = answers;
  if (*units_) add_units(review);
  else add_difference(review, answers);
  std::set<std::string> shown;
  for (const auto& unit : review.units) shown.insert(unit.id);
  add_revisions(review, shown);
  if (rehearsal_) add_rehearsal(review);
  return review;
}

// ---- units -----------------------------------------------------------------------------------------------------------------

std::vector<ReviewedUnit> ReviewMaker::named_units() {
  std::vector<ReviewedUnit> units;
  for (const auto& linted : lint_units(context_)) units.push_back(to_unit(context_, linted));
  return units;
}

/// What is left of the plan, as it stands in it.
std::vector<ReviewedUnit> ReviewMaker::planned_units() {
  auto& target = context_.target();
  const auto steps = remaining_steps(target, *plan_, target.read_rows());
  Ids in_graph;
  for (const auto& step : steps) {
    if (context_.project().graph().index(step.revision.id) >= 0) in_graph.push_back(step.revision.id);
  }
  const auto linted = lint_units(context_, in_graph);
  std::vector<ReviewedUnit> units;
  for (const auto& step : steps) {
    const auto& id = step.revision.id;
    ReviewedUnit out{.unit = {.id = id, .title = title(step.revision), .file = shown_path(context_.project().unit(id)->path.string()), .up = sql_of(step.statements)}, .statements = step.statements,
                     .in_graph = std::find(in_graph.begin(), in_graph.end(), id) != in_graph.end()};
    for (const auto& unit : linted) {
      if (unit.revision == id) add_findings(out.unit, unit);
    }
    add_way_back(target, out.unit, id);
    units.push_back(std::move(out));
  }
  return units;
}

void ReviewMaker::add_units(review::Review& review) {
  const bool named = !context_.arguments.positional.empty();
  const auto units = plan_ ? planned_units() : named_units();
  for (const auto& unit : units) review.units.push_back(unit.unit);
  review.title = plan_ ? "Review of the plan " + context_.arguments.get("plan") : named ? "Review of " + context_.arguments.at(0) : "Review of what is pending";
  review.units_title = plan_ ? "Planned units" : named ? "Units" : "Pending units";
  review.changes_title = "What the units change";
  if (plan_) review.notes.push_back("The plan has the digest " + plan_->digest + ". `migrate upgrade --plan` runs these statements, byte for byte, or none." + (units.empty() ? " All of it has run." : ""));
  else if (!named) review.notes.push_back("What the model changes beyond that can be seen once these units are applied.");
  add_outcome(review, units);
}

/// Old and new side by side, where it can be told.
void ReviewMaker::add_outcome(review::Review& review, const std::vector<ReviewedUnit>& units) {
  auto& target = context_.target();
  const auto& graph = context_.project().graph();
  Ids shown;
  std::vector<Statement> statements;
  for (const auto& unit : units) {
    statements.insert(statements.end(), unit.statements.begin(), unit.statements.end());
    if (unit.in_graph) shown.push_back(unit.unit.id);
  }
  if (shown.empty()) return;
  const auto applied = graph.mark(applied_ids(target.read_rows()));
  const auto wanted = graph.mark(shown);
  const bool past = std::any_of(shown.begin(), shown.end(), [&](const auto& id) { return applied[static_cast<std::size_t>(graph.index(id))] != 0; });
  const auto live = target.live_schema();
  const auto needed = graph.with_needs(wanted);
  const auto above = graph.with_dependents(wanted);
  std::vector<Statement> first;
  std::string unknown;
  for (int i = 0; i < graph.size() && unknown.empty(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (needed[at] == 0 || wanted[at] != 0 || (!past && applied[at] != 0)) continue;
    if (above[at] != 0) unknown = title(graph.at(i)) + " stands between them and is not shown";
    try {
      auto step = target.step(graph.at(i).id, Direction::upgrade);
      record_program(step);
      first.insert(first.end(), step.statements.begin(), step.statements.end());
    } catch (const Error& error) {
      unknown = error.message();
    }
  }
  review::Outcome outcome{.difference = {}, .unknown = unknown, .location = {}};
  // What is applied already stood on a schema that only the units tell.
  if (unknown.empty()) outcome = review::find_outcome(target, past ? Schema{.options = live.options} : live, first, statements);
  if (!outcome.unknown.empty()) {
    const auto place = outcome.location.known() ? place_text(outcome.location) + ": " : "";
    review.notes.push_back("Old and new are not side by side here, as nobody can tell what the units make of the schema: " + place + outcome.unknown);
    add_sizes(review, live, {});
    return;
  }
  const auto& difference = outcome.difference;
  review.changes = review::make_entries(difference.changes, difference, {}, {}, std::string(target.dialect().name()));
  add_sizes(review, live, difference.changes);
  add_diagram(review, difference, difference.changes);
}

// ---- sizes, pictures, measures ---------------------------------------------------------------------------------------------

/// By the names that tables have behind the changes.
void ReviewMaker::add_sizes(review::Review& review, const Schema& live, const std::vector<PlannedChange>& changes) {
  auto& session = context_.target().session();
  const auto& lint = session.dialect().lint();
  if (!sizes_) {
    sizes_.emplace();
    const auto take = [](const std::map<QualifiedName, long long>& from, std::map<std::string, long long>& to) {
      for (const auto& [name, count] : from) to[name.text()] = count;
    };
    if (lint.table_rows != nullptr) take(lint.table_rows(session.connection(), live), sizes_->first);
    if (lint.table_bytes != nullptr) take(lint.table_bytes(session.connection()), sizes_->second);
  }
  const auto renamed = [&](std::map<std::string, long long> sizes) {
    const auto before = sizes;
    for (const auto& change : changes) {
      const auto* rename = change.as<Rename<Table>>();
      if (rename == nullptr) continue;
      if (const auto it = before.find(lower(rename->from.text())); it != before.end()) sizes[lower(rename->to.text())] = it->second;
    }
    return sizes;
  };
  review.rows = renamed(sizes_->first);
  review.bytes = renamed(sizes_->second);
}

void ReviewMaker::add_diagram(review::Review& review, const Difference& difference, const std::vector<PlannedChange>& found) const {
  auto links = review::group_ids(review);
  for (auto& [table, id] : links) id.insert(0, "#");
  review.diagram = review::diagram_html(review::diagram_of(difference.before, difference.after, found, links), "diagram", "Diagram");
}

/// The revisions that are shown with those around them; without any, the newest, which a new one follows.
void ReviewMaker::add_revisions(review::Review& review, const std::set<std::string>& shown) {
  const auto& graph = context_.project().graph();
  if (graph.empty()) return;
  auto around = shown;
  std::erase_if(around, [&](const std::string& id) { return graph.index(id) < 0; });
  if (around.empty()) {
    for (const auto& id : graph.heads()) around.insert(id);
  }
  constexpr int steps = 3;
  const auto applied = applied_ids(context_.target().read_rows());
  review.revisions = review::revisions_svg(graph, {applied.begin(), applied.end()}, review::revisions_around(graph, around, steps), shown);
}

void ReviewMaker::add_rehearsal(review::Review& review) const {
  review.rehearsal = rehearsal_tables(*rehearsal_);
  for (auto& table : review.rehearsal) {
    table.id = "rehearsal-" + table.id;
    table.title = "Rehearsal: " + lower(table.title);
  }
  review.notes.push_back("A rehearsal of " + rehearsal_->source + " was given: " + (rehearsal_->failure ? "the upgrade fails." : rehearsal_->hazards.empty() ? "no hazards." : plural(rehearsal_->hazards.size(), "hazard") + "."));
  for (auto& unit : review.units) {
    std::chrono::milliseconds up{0}, down{0};
    std::set<std::string> ran;
    for (const auto& statement : rehearsal_->statements) {
      if (statement.revision != unit.id) continue;
      (statement.direction == Direction::upgrade ? up : down) += statement.time;
      if (statement.direction == Direction::upgrade) ran.insert(statement.sql);
    }
    if (ran.empty()) continue;
    unit.measured = time_text(up) + (down.count() > 0 ? ", back " + time_text(down) : "");
    if (ran != std::set<std::string>(unit.up.begin(), unit.up.end())) review.notes.push_back("The rehearsal ran other statements than " + unit.title + " has now: rehearse it again.");
  }
}

// ---- what the model changes ------------------------------------------------------------------------------------------------

void ReviewMaker::add_difference(review::Review& review, const Answers& answers) {
  auto& session = context_.target().session();
  const auto& dialect = session.dialect();
  if (!sides_) sides_ = read_sides(context_);
  auto options = rename_options(context_);
  options.policy = options.policy == RenamePolicy::ask ? RenamePolicy::review : options.policy;
  options.ask = {};
  options.answers = answers.renames;
  options.tell = [&](RenameQuestion question) { review.renames.push_back(std::move(question)); };
  auto data = answers.data;
  data.tell = [&](DataQuestion question) { review.questions.push_back(std::move(question)); };
  draft_ = make_draft(context_, *sides_, std::move(options), std::move(data), true);
  add_kept(review);
  add_losses(review);
  // Where a thing was moved to is no candidate for others.
  for (auto& question : review.renames) std::erase_if(question.candidates, [](const RenameCandidate& candidate) { return is_aside(candidate.to); });
  // Values of a type are asked about together, with what rows hold, unless one of them is a rename.
  std::erase_if(review.renames, [&](const RenameQuestion& question) {
    const bool mapped = std::any_of(review.questions.begin(), review.questions.end(), [&](const DataQuestion& other) { return other.kind == DataQuestion::Kind::values && other.type == question.table.text(); });
    return question.kind == RenameKind::enum_value && question.to.empty() && !question.asked && mapped;
  });
  review.title = "Review of what the model changes";
  review.changes = review::make_entries(draft_->found, draft_->difference, draft_->parts, draft_->findings, std::string(dialect.name()));
  review.text = draft_->text(UnitFormat::sql, dialect);
  add_sizes(review, sides_->live, draft_->found);
  add_diagram(review, draft_->difference, draft_->found);
  if (!draft_->not_linted.empty()) review.notes.push_back("Lint did not look at the unit: " + draft_->not_linted);
  for (const auto& remark : draft_->difference.remarks) review.notes.push_back(place_text(remark.location) + ": " + remark.text);
  if (samples_) add_samples(review);
  else review::hide_row_values(review);
}

/// What is kept vanishes no more, and can still be answered otherwise.
void ReviewMaker::add_kept(review::Review& review) const {
  auto names = review.answers.data.kept;
  names.insert(names.end(), review.answers.data.aside.begin(), review.answers.data.aside.end());
  for (const auto& name : names) {
    const bool told = std::any_of(review.renames.begin(), review.renames.end(), [&](const RenameQuestion& question) { return question.key == name; });
    const bool table = std::any_of(sides_->live.tables.begin(), sides_->live.tables.end(), [&](const Table& one) { return one.name.text() == name; });
    if (!told) review.renames.push_back({.kind = table ? RenameKind::table : RenameKind::column, .key = name, .table = {}, .from = name, .candidates = {}, .held = {}, .to = {}});
  }
}

/// What goes without anything that it could have become is no less lost.
void ReviewMaker::add_losses(review::Review& review) {
  const FormerNames former(draft_->found);
  std::vector<std::pair<RenameQuestion, HeldPlace>> losses;
  for (const auto& change : draft_->found) {
    if (const auto* table = change.as<Drop<Table>>()) {
      losses.push_back({{.kind = RenameKind::table, .key = table->object.name.text(), .table = {}, .from = table->object.name.text(), .candidates = {}, .held = {}, .to = {}}, {table->object.name, ""}});
    }
    if (const auto* column = change.as<Remove<Column>>(); column != nullptr && !column->object.generated) {
      const auto& name = column->object.name;
      losses.push_back({{.kind = RenameKind::column, .key = column->table.text() + "." + name, .table = column->table, .from = name, .candidates = {}, .held = {}, .to = {}}, {former.table(column->table), former.column(column->table, name)}});
    }
  }
  std::erase_if(losses, [&](const auto& loss) { return std::any_of(review.renames.begin(), review.renames.end(), [&](const RenameQuestion& question) { return question.key == loss.first.key; }); });
  std::vector<HeldPlace> places;
  for (const auto& [question, place] : losses) {
    if (!held_.contains(place)) places.push_back(place);
  }
  auto& session = context_.target().session();
  if (!places.empty()) held_.merge(count_held(session.dialect(), session.connection())(places));
  for (auto& [question, place] : losses) {
    if (const auto it = held_.find(place); it != held_.end()) question.held = it->second;
    review.renames.push_back(std::move(question));
  }
}

void ReviewMaker::add_samples(review::Review& review) {
  auto& target = context_.target();
  auto& session = target.session();
  const auto& config = context_.project().config();
  if (!reader_) {
    reader_.emplace(session.dialect(), session.server(), target.url(), sides_->live, project_masks(target), mask_key(config));
  }
  const FormerNames former(draft_->difference.changes);
  const auto& sql = session.dialect().sql();
  const auto add = [&](const std::string& key, const std::function<review::Samples()>& read) {
    try {
      review.samples[key] = read();
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;  // else a role may not read it: there are no examples
    }
  };
  for (const auto& question : review.renames) {
    if (question.kind == RenameKind::column) add(question.key, [&] { return reader_->values(former.table(question.table), question.from, shown_values); });
    if (question.kind != RenameKind::table) continue;
    const auto table = std::find_if(sides_->live.tables.begin(), sides_->live.tables.end(), [&](const Table& one) { return one.name.text() == question.from; });
    if (table != sides_->live.tables.end()) add(question.key, [&] { return reader_->rows(table->name, {}, "", shown_values); });
  }
  for (const auto& question : review.questions) {
    const auto table = former.table(question.table);
    std::vector<std::string> first;
    for (const auto& column : question.row_key) first.push_back(former.column(question.table, column));
    if (question.kind == DataQuestion::Kind::fill) {
      add(question.key, [&] { return reader_->rows(table, first, "", rows_by_hand); });
    } else if (!question.old_values.empty()) {
      const auto column = former.column(question.table, question.column);
      std::vector<std::string> old;
      for (const auto& [value, count] : question.old_values) old.push_back(sql.quote_value(value));
      first.push_back(column);
      add(question.key, [&] { return reader_->rows(table, first, sql.quote_name(column) + " IN (" + join(old, ", ") + ")", shown_values); });
    }
  }
}

}  // namespace migrate::cli
