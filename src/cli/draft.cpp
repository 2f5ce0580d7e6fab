#include "cli/draft.hpp"

#include <algorithm>
#include <cstdlib>

#include "autogenerate/held.hpp"
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

Draft make_draft(Context& context, Sides sides, RenameOptions options, DataAnswers answers, bool apart) {
  auto& session = context.target().session();
  const auto& dialect = session.dialect();
  if (!options.count) options.count = count_held(dialect, session.connection());
  keep_answers(answers, sides.live, sides.declared);
  settle_values(answers, sides.declared, options);
  std::vector<DataQuestion> questions;
  if (options.ask && !answers.tell) answers.tell = [&](DataQuestion question) { questions.push_back(std::move(question)); };
  Draft draft{.declared = sides.declared, .found = {}, .difference = find_difference(dialect, session.connection(), session.server(), sides.live, sides.declared, options), .parts = {}, .findings = {}, .not_linted = {}};
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
