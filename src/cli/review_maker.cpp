#include "cli/review_maker.hpp"

#include <algorithm>

#include "autogenerate/former_names.hpp"
#include "cli/lint_output.hpp"
#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "library/unit_program.hpp"
#include "review/diagram.hpp"
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

review::Unit to_unit(Context& context, const LintedUnit& linted) {
  auto& target = context.target();
  review::Unit unit{.id = linted.revision, .title = linted.revision, .file = shown_path(linted.file), .up = {}, .down = {}, .findings = {}, .no_way_back = {}};
  for (const auto& finding : linted.findings) unit.findings.push_back(review::to_finding(finding));
  const auto* file = context.project().unit(linted.revision);
  if (file == nullptr) return unit;
  unit.title = title(file->revision);
  auto forward = target.step(linted.revision, Direction::upgrade);
  record_program(forward);
  unit.up = sql_of(forward.statements);
  try {
    auto back = target.step(linted.revision, Direction::downgrade);
    record_program(back);
    unit.down = sql_of(back.statements);
  } catch (const Error& error) {
    unit.no_way_back = error.message();
  }
  return unit;
}

}  // namespace

bool ReviewMaker::is_at_head() {
  auto& target = context_.target();
  const auto& graph = context_.project().graph();
  const auto now = graph.mark(applied_ids(target.read_rows()));
  return std::all_of(graph.revisions().begin(), graph.revisions().end(), [&](const Revision& revision) { return now[static_cast<std::size_t>(graph.index(revision.id))] != 0; });
}

review::Review ReviewMaker::make(const Answers& answers) {
  auto& session = context_.target().session();
  const bool named = !context_.arguments.positional.empty();
  if (!units_) units_ = named || !is_at_head();
  review::Review review;
  const auto file = session.dialect().run().file_of(context_.target().url());
  review.database = file.empty() ? context_.target().url().display() : shown_path(file);
  review.server = session.server().product + " " + session.server().version;
  review.written = now_utc();
  review.answers = answers;
  if (*units_) add_units(review, named);
  else add_difference(review, answers);
  return review;
}

void ReviewMaker::add_units(review::Review& review, bool named) {
  for (const auto& linted : lint_units(context_)) review.units.push_back(to_unit(context_, linted));
  review.title = named ? "Review of " + context_.arguments.at(0) : "Review of what is pending";
  review.units_title = named ? "Units" : "Pending units";
  if (!named) review.notes.push_back("What the model changes beyond that can be seen once these units are applied.");
}

void ReviewMaker::add_difference(review::Review& review, const Answers& answers) {
  auto& session = context_.target().session();
  const auto& dialect = session.dialect();
  if (!sides_) {
    sides_ = read_sides(context_);
    if (const auto rows = dialect.lint().table_rows; rows != nullptr) {
      for (const auto& [name, count] : rows(session.connection(), sides_->live)) rows_[name.text()] = count;
    }
  }
  auto options = rename_options(context_);
  options.policy = options.policy == RenamePolicy::ask ? RenamePolicy::review : options.policy;
  options.ask = {};
  options.answers = answers.renames;
  options.tell = [&](RenameQuestion question) { review.renames.push_back(std::move(question)); };
  auto data = answers.data;
  data.tell = [&](DataQuestion question) { review.questions.push_back(std::move(question)); };
  draft_ = make_draft(context_, *sides_, std::move(options), std::move(data), true);
  add_kept(review);
  // Values of a type are asked about together, with what rows hold, unless one of them is a rename.
  std::erase_if(review.renames, [&](const RenameQuestion& question) {
    const bool mapped = std::any_of(review.questions.begin(), review.questions.end(), [&](const DataQuestion& other) { return other.kind == DataQuestion::Kind::values && other.type == question.table.text(); });
    return question.kind == RenameKind::enum_value && question.to.empty() && !question.asked && mapped;
  });
  review.title = "Review of what the model changes";
  review.changes = review::make_entries(draft_->found, draft_->difference, draft_->parts, draft_->findings, std::string(dialect.name()));
  review.text = draft_->text(UnitFormat::sql, dialect);
  review.rows = rows_;
  auto links = review::group_ids(review);
  for (auto& [table, id] : links) id.insert(0, "#");
  review.diagram = review::diagram_html(review::diagram_of(draft_->difference.before, draft_->difference.after, draft_->found, links), "diagram", "Diagram");
  if (!draft_->not_linted.empty()) review.notes.push_back("Lint did not look at the unit: " + draft_->not_linted);
  for (const auto& remark : draft_->difference.remarks) review.notes.push_back(place_text(remark.location) + ": " + remark.text);
  if (samples_) add_samples(review);
  else review::hide_row_values(review);
}

/// What is kept vanishes no more, and can still be answered otherwise.
void ReviewMaker::add_kept(review::Review& review) const {
  for (const auto& name : review.answers.data.kept) {
    const bool told = std::any_of(review.renames.begin(), review.renames.end(), [&](const RenameQuestion& question) { return question.key == name; });
    const bool table = std::any_of(sides_->live.tables.begin(), sides_->live.tables.end(), [&](const Table& one) { return one.name.text() == name; });
    if (!told) review.renames.push_back({.kind = table ? RenameKind::table : RenameKind::column, .key = name, .table = {}, .from = name, .candidates = {}, .held = {}, .to = {}});
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
