#include "cli/draft.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "autogenerate/former_names.hpp"
#include "autogenerate/held.hpp"
#include "autogenerate/losses.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "revision/argument.hpp"

namespace migrate::cli {
namespace {

void run_after_write(Context& context, const std::filesystem::path& file) {
  for (const auto& command : after_write_commands(context.project().config(), file)) {
    context.output.detail("running " + command);
    if (std::system(command.c_str()) != 0) throw Error{ErrorKind::failed, "the hook after_write failed: " + command, "the unit is written: " + shown_path(file.string())};
  }
}

}  // namespace

Ids parents_for(Context& context) {
  const auto& graph = context.project().graph();
  const auto given = context.arguments.get("head");
  if (given.empty()) {
    const auto heads = graph.heads();
    if (heads.size() > 1) {
      throw Error{ErrorKind::usage, "there are several heads: " + titles(graph, heads), "join them with `migrate merge heads -m MESSAGE`, put one line on top of the other with `migrate revision --rebase`, or say which with --head"};
    }
    return heads;
  }
  if (given == "base") return {};
  const auto ids = resolve(graph, {}, given);
  if (ids.size() != 1) throw Error{ErrorKind::usage, "--head " + given + " names " + std::to_string(ids.size()) + " revisions; one is needed"};
  const bool is_head = graph.children(graph.index(ids.front())).empty();
  if (!is_head && !context.arguments.has("splice")) {
    throw Error{ErrorKind::usage, title(*graph.find(ids.front())) + " is not a head", "--splice starts a branch there on purpose"};
  }
  return ids;
}

Revision new_revision(Context& context, const Ids& parents, const std::string& message) {
  auto& project = context.project();
  const auto& graph = project.graph();
  Revision revision;
  revision.number = graph.next_number(parents);
  revision.id = context.arguments.get("id");
  if (revision.id.empty()) {
    do {
      revision.id = make_revision_id(revision.number, project.config().revision.number_width);
    } while (graph.find(revision.id) != nullptr);
  } else {
    check_revision_id(revision.id);
    if (graph.find(revision.id) != nullptr) throw Error{ErrorKind::usage, "the revision " + revision.id + " is there already"};
  }
  revision.parents = parents;
  revision.message = collapse_spaces(message);
  revision.created = now_utc();
  for (const auto& label : context.arguments.all("label")) {
    check_label(label);
    revision.labels.push_back(label);
  }
  for (const auto& name : context.arguments.all("depends-on")) {
    for (const auto& id : resolve(graph, {}, name)) revision.depends_on.push_back(id);
  }
  return revision;
}

UnitFormat format_of(Context& context) {
  const auto format = context.arguments.get("format", context.project().config().revision.format);
  if (format != "sql" && format != "cpp") throw Error{ErrorKind::usage, "--format cannot be '" + format + "'", "sql or cpp"};
  return format == "sql" ? UnitFormat::sql : UnitFormat::cpp;
}

std::filesystem::path write_new_unit(Context& context, NewUnit unit) {
  auto& project = context.project();
  const auto& config = project.config();
  // Where the project has databases of several engines, what is written for one of them says so.
  if (unit.format == UnitFormat::sql && !unit.upgrade.empty() && config.dialects.size() > 1) unit.engines = context.target().dialect().name();
  const WriteOptions options{.templates = config.templates, .file_name = unit.revision.repeatable ? "{{slug}}" : config.revision.file_name, .number_width = config.revision.number_width};
  const auto path = write_unit(project.new_unit_folder(), unit, options);
  run_after_write(context, path);
  try {
    project.write_sum();
  } catch (const Error&) {
    remove_file(path);  // half a change is none
    throw;
  }
  return path;
}

void require_at_head(Context& context, const std::vector<VersionRow>& rows) {
  auto& project = context.project();
  project.verify_applied(rows, false);
  const auto applied = applied_ids(rows);
  const auto& graph = project.graph();
  const auto now = graph.mark(applied);
  Ids pending;
  for (const auto& revision : graph.revisions()) {
    if (now[static_cast<std::size_t>(graph.index(revision.id))] == 0) pending.push_back(revision.id);
  }
  if (pending.empty()) return;
  throw Error{ErrorKind::usage, "the database is not at head: pending are " + titles(graph, pending), "run `migrate upgrade` first"};
}

Sides read_sides(Context& context) {
  auto declared = context.target().declared_schema();  // first: what reading it takes is free again for the live schema
  return {context.target().live_schema(), std::move(declared)};
}

namespace {

/// What is said on a terminal about tables and columns that vanished, over as many comparisons as it takes: what is kept or moved aside
/// belongs to the model of the next one.
class Interview {
 public:
  Interview(const Output& output, RenameAsker ask) : output_(output), ask_(std::move(ask)) {}

  /// Answers that are known already are not asked for again.
  void prepare(RenameOptions& options, DataAnswers& answers) {
    options.answers.renames.insert(said_.renames.begin(), said_.renames.end());
    options.answers.no_renames.insert(options.answers.no_renames.end(), said_.no_renames.begin(), said_.no_renames.end());
    answers.kept.insert(answers.kept.end(), stays_.kept.begin(), stays_.kept.end());
    answers.aside.insert(answers.aside.end(), stays_.aside.begin(), stays_.aside.end());
    again_ = false;
    options.ask = [this](const std::vector<RenameCandidate>& candidates) { return rename(candidates); };
  }

  /// What goes without anything that it could have become.
  void ask_about_losses(const std::vector<PlannedChange>& changes, const HeldCounter& count) {
    if (again_) return;
    const FormerNames former(changes);
    std::vector<std::pair<std::string, HeldPlace>> losses;
    for (const auto& change : changes) {
      if (!change.review.empty() || !change.allow.empty()) continue;
      if (const auto* table = change.as<Drop<Table>>()) losses.push_back({table->object.name.text(), {table->object.name, ""}});
      const auto* column = change.as<Remove<Column>>();
      if (column != nullptr && !column->object.generated) losses.push_back({column->table.text() + "." + column->object.name, {former.table(column->table), former.column(column->table, column->object.name)}});
    }
    std::erase_if(losses, [&](const auto& loss) { return left_.contains(loss.first) || std::find(said_.no_renames.begin(), said_.no_renames.end(), loss.first) != said_.no_renames.end(); });
    std::vector<HeldPlace> places;
    for (const auto& [key, place] : losses) places.push_back(place);
    const auto held = places.empty() ? HeldCounts{} : count(places);
    for (const auto& [key, place] : losses) {
      const auto it = held.find(place);
      if (it != held.end() && it->second.nothing()) continue;
      const auto text = it == held.end() ? "" : held_text(it->second, place.column.empty() ? "row" : "value");
      take(key, ask_loss(output_, key, text));
    }
  }

  /// Whether the comparison has to begin again.
  [[nodiscard]] bool again() const { return again_; }

 private:
  int rename(const std::vector<RenameCandidate>& candidates) {
    const auto& first = candidates.front();
    const auto key = first.kind == RenameKind::column ? first.table.text() + "." + first.from : first.from;
    if (left_.contains(key)) return say_review;
    const int choice = ask_(candidates);
    if (choice >= 0) said_.renames[key] = candidates[static_cast<std::size_t>(choice)].to;
    return choice >= 0 ? choice : take(key, choice);
  }

  int take(const std::string& key, int choice) {
    if (choice == say_review) left_.insert(key);
    if (choice == say_dropped) said_.no_renames.push_back(key);
    if (choice == say_kept) stays_.kept.push_back(key);
    if (choice == say_aside) stays_.aside.push_back(key);
    again_ = again_ || choice == say_kept || choice == say_aside;
    return choice == say_review ? say_review : say_dropped;
  }

  const Output& output_;
  RenameAsker ask_;
  RenameAnswers said_;
  DataAnswers stays_;
  std::set<std::string> left_;
  bool again_ = false;
};

Difference compare_sides(Context& context, Sides sides, RenameOptions& options, DataAnswers& answers) {
  auto& session = context.target().session();
  const auto& dialect = session.dialect();
  keep_answers(answers, sides.live, sides.declared, options, dialect);
  settle_values(answers, sides.declared, options);
  return find_difference(dialect, session.connection(), session.server(), std::move(sides.live), std::move(sides.declared), options);
}

Difference compare_and_ask(Context& context, Sides sides, RenameOptions& options, DataAnswers& answers) {
  if (!options.ask) return compare_sides(context, std::move(sides), options, answers);
  Interview interview(context.output, options.ask);
  while (true) {
    auto now = options;
    auto said = answers;
    interview.prepare(now, said);
    auto difference = compare_sides(context, sides, now, said);
    if (!context.arguments.has("allow-drop")) interview.ask_about_losses(difference.changes, now.count);  // of `apply`: it is said already
    if (interview.again()) continue;
    answers = std::move(said);
    return difference;
  }
}

}  // namespace

Draft make_draft(Context& context, Sides sides, RenameOptions options, DataAnswers answers, bool apart) {
  auto& session = context.target().session();
  const auto& dialect = session.dialect();
  if (!options.count) options.count = count_held(dialect, session.connection());
  std::vector<DataQuestion> questions;
  if (options.ask && !answers.tell) answers.tell = [&](DataQuestion question) { questions.push_back(std::move(question)); };
  Draft draft{.declared = sides.declared, .found = {}, .difference = compare_and_ask(context, std::move(sides), options, answers), .parts = {}, .findings = {}, .not_linted = {}};
  draft.found = draft.difference.changes;
  guard_data(draft.difference, dialect, session.connection(), answers);
  if (options.ask && ask_about_rows(context.output, questions, answers)) {
    draft.difference.changes = draft.found;
    guard_data(draft.difference, dialect, session.connection(), answers);
  }
  if (draft.difference.empty()) return draft;
  draft.parts = render_parts(draft.difference, dialect, apart);
  try {
    draft.findings = upgrade_findings(context, draft.difference.before, draft.parts.text().upgrade);
  } catch (const DatabaseError& error) {  // the unit is right without the notes
    draft.not_linted = error.message();
  }
  return draft;
}

UnitText Draft::text(UnitFormat format, const Dialect& dialect) const {
  if (format == UnitFormat::cpp) return render_cpp_unit(difference, dialect, declared);
  auto text = parts.text();
  text.upgrade = annotated(text.upgrade, findings);
  return text;
}

bool Draft::has_questions() const {
  return std::any_of(difference.changes.begin(), difference.changes.end(), [](const PlannedChange& change) { return !change.review.empty(); });
}

}  // namespace migrate::cli
