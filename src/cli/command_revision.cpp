// migrate revision, merge, edit: units are written
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "autogenerate/held.hpp"
#include "cli/context.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "revision/argument.hpp"
#include "unit/write.hpp"

namespace migrate::cli {
namespace {

/// Parents of a new revision: --head, or the only head; none in an empty project and for --head base.
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

void run_after_write(Context& context, const std::filesystem::path& file) {
  for (const auto& command : after_write_commands(context.project().config(), file)) {
    context.output.detail("running " + command);
    if (std::system(command.c_str()) != 0) throw Error{ErrorKind::failed, "the hook after_write failed: " + command, "the unit is written: " + shown_path(file.string())};
  }
}

int write_new_unit(Context& context, NewUnit unit) {
  auto& project = context.project();
  const auto& config = project.config();
  const WriteOptions options{.templates = config.templates, .file_name = unit.revision.repeatable ? "{{slug}}" : config.revision.file_name, .number_width = config.revision.number_width};
  const auto path = write_unit(project.new_unit_folder(), unit, options);
  run_after_write(context, path);
  try {
    project.write_sum();
  } catch (const Error&) {
    remove_file(path);  // half a change is none
    throw;
  }
  if (context.output.json()) {
    context.output.line(nlohmann::ordered_json({{"revision", unit.revision.id}, {"file", path.string()}, {"message", unit.revision.message},
                                                {"parents", unit.revision.parents}}).dump());
  } else {
    context.output.line("wrote " + std::filesystem::relative(path).string());
  }
  return 0;
}

UnitFormat format_of(Context& context) {
  const auto format = context.arguments.get("format", context.project().config().revision.format);
  if (format != "sql" && format != "cpp") throw Error{ErrorKind::usage, "--format cannot be '" + format + "'", "sql or cpp"};
  return format == "sql" ? UnitFormat::sql : UnitFormat::cpp;
}

int write_repeatable(Context& context, const std::string& message) {
  if (context.arguments.has("autogenerate")) throw Error{ErrorKind::usage, "--repeatable writes an empty unit", "leave --autogenerate out"};
  auto revision = new_revision(context, {}, message);
  revision.repeatable = true;
  revision.number = 0;
  if (!context.arguments.has("id")) revision.id = slug(message);
  revision.id = repeatable_id(revision.id);
  if (context.project().unit(revision.id) != nullptr) throw Error{ErrorKind::usage, "the unit " + revision.id + " is there already", "give it another name with --id"};
  return write_new_unit(context, {.revision = std::move(revision), .format = format_of(context), .upgrade = "", .downgrade = ""});
}

// ---- renames -------------------------------------------------------------------------------------------------------

/// "old:new" or "table.old:new", and "table.old:table.new".
void add_rename(RenameAnswers& answers, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    throw Error{ErrorKind::usage, "--rename cannot be '" + text + "'", "write old:new for a table, table.old:new for a column"};
  }
  const auto from = text.substr(0, colon);
  auto to = text.substr(colon + 1);
  const auto dot = from.rfind('.');
  if (dot != std::string::npos && to.starts_with(from.substr(0, dot + 1))) to.erase(0, dot + 1);
  const auto [it, fresh] = answers.renames.emplace(from, to);
  if (!fresh && it->second != to) throw Error{ErrorKind::usage, "--rename says that " + from + " becomes " + it->second + " and " + to, "say one of the two"};
}

/// Answers that cannot all be true: nobody can tell which was meant.
void refuse_contradictions(const RenameAnswers& answers) {
  std::map<std::string, std::string> targets;
  for (const auto& [from, to] : answers.renames) {
    const auto target = from.substr(0, from.rfind('.') + 1) + to;
    const auto [it, fresh] = targets.emplace(target, from);
    if (!fresh) throw Error{ErrorKind::usage, "--rename says that both " + it->second + " and " + from + " become " + to, "say one of the two"};
    if (std::find(answers.no_renames.begin(), answers.no_renames.end(), from) != answers.no_renames.end()) {
      throw Error{ErrorKind::usage, from + " is renamed to " + to + " by --rename and dropped by --no-rename", "say one of the two"};
    }
  }
}

void read_answers(RenameAnswers& answers, const std::string& file) {
  const auto root = yaml::parse(read_file(file), file);
  if (root.is_null()) return;
  for (const auto& [key, value] : root.keys) {
    if (key == "renames" && value.is_map()) {
      for (const auto& [from, to] : value.keys) add_rename(answers, from + ":" + to.scalar);
    } else if (key == "dropped" && value.is_sequence()) {
      for (const auto& item : value.items) answers.no_renames.push_back(item.scalar);
    } else {
      throw Error{ErrorKind::usage, "answers: unknown key '" + key + "'", "known: renames (a map from old to new), dropped (a list)", {file, value.line, value.column}};
    }
  }
}

int ask_rename(const Output& output, const std::vector<RenameCandidate>& candidates) {
  const auto& first = candidates.front();
  const bool column = first.kind == RenameKind::column;
  auto question = fmt::format("{}{} is gone. What became of it?\n", column ? first.table.text() + "." : std::string(), first.from);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    question += fmt::format("  {}) renamed to {} ({}; score {:.2f})\n", i + 1, candidates[i].to, join(candidates[i].reasons, ", "), candidates[i].score);
  }
  output.ask(question + "  d) dropped, with its data\n  r) leave it under REVIEW in the unit\n");
  while (true) {
    output.ask("choice: ");
    std::string answer;
    if (!std::getline(std::cin, answer) || answer == "r") return -2;
    if (answer == "d") return -1;
    const bool digits = !answer.empty() && answer.size() < 4 && std::all_of(answer.begin(), answer.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && std::stoul(answer) >= 1 && std::stoul(answer) <= candidates.size()) return std::stoi(answer) - 1;
  }
}

}  // namespace

RenameOptions rename_options(Context& context) {
  RenameOptions options;
  for (const auto& text : context.arguments.all("rename")) add_rename(options.answers, text);
  for (const auto& text : context.arguments.all("no-rename")) options.answers.no_renames.push_back(text);
  if (const auto file = context.arguments.get("answers"); !file.empty()) read_answers(options.answers, file);
  refuse_contradictions(options.answers);
  const auto policy = context.arguments.get("rename-policy", context.may_ask() ? "ask" : "review");
  if (policy == "ask") options.policy = RenamePolicy::ask;
  else if (policy == "auto") options.policy = RenamePolicy::automatic;
  else if (policy == "never") options.policy = RenamePolicy::never;
  else if (policy == "review") options.policy = RenamePolicy::review;
  else throw Error{ErrorKind::usage, "--rename-policy cannot be '" + policy + "'", "ask, auto, never or review"};
  if (options.policy == RenamePolicy::ask && context.may_ask()) options.ask = [&context](const std::vector<RenameCandidate>& candidates) { return ask_rename(context.output, candidates); };
  return options;
}

namespace {

/// Autogenerate needs a database that is at a head, or the unit would undo what is pending.
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

int autogenerate(Context& context, Revision revision) {
  auto& target = context.target();
  auto& session = target.session();
  require_at_head(context, target.read_rows());
  auto declared = target.declared_schema();  // first: what reading it takes is free again for the live schema
  auto live = target.live_schema();
  auto options = rename_options(context);
  options.count = count_held(session.dialect(), session.connection());
  auto difference = find_difference(session.dialect(), session.connection(), session.server(), std::move(live), std::move(declared), options);
  if (difference.empty()) {
    if (context.output.json()) context.output.line(R"({"revision":null,"changes":[]})");
    else context.output.line("nothing to do: the model and the database agree");
    return 0;
  }
  print_remarks(context.output, difference.remarks);
  guard_data(difference, session.dialect(), session.connection());
  for (const auto& change : difference.changes) {
    const auto mark = !change.review.empty() ? "review: " : "";
    context.output.note("  " + std::string(mark) + describe(change.operation));
  }
  const auto format = format_of(context);
  auto text = format == UnitFormat::cpp ? render_cpp_unit(difference, session.dialect(), target.declared_schema()) : render_unit(difference, session.dialect());
  if (format == UnitFormat::sql) text.upgrade = with_findings(context, difference.before, text.upgrade);
  const bool review = std::any_of(difference.changes.begin(), difference.changes.end(), [](const PlannedChange& change) { return !change.review.empty(); });
  const int code = write_new_unit(context, {.revision = std::move(revision), .format = format, .upgrade = text.upgrade, .downgrade = text.downgrade});
  if (review) context.output.warn("the unit has questions marked REVIEW; `migrate upgrade` refuses it until they are settled");
  return code;
}

}  // namespace

int run_revision(Context& context) {
  const auto& arguments = context.arguments;
  if (arguments.has("rebase")) return run_rebase(context);
  context.project().make_folder_if_missing();
  const bool automatic = arguments.has("autogenerate");
  const auto message = arguments.get("message");
  if (message.empty() && !automatic) throw Error{ErrorKind::usage, "a revision needs a message", "migrate revision -m \"what it does\""};
  if (arguments.has("repeatable")) return write_repeatable(context, message);
  auto revision = new_revision(context, parents_for(context), message.empty() ? "autogenerated" : message);
  if (automatic) return autogenerate(context, std::move(revision));
  return write_new_unit(context, {.revision = std::move(revision), .format = format_of(context), .upgrade = "", .downgrade = ""});
}

int run_merge(Context& context) {
  const auto& graph = context.project().graph();
  Ids parents;
  for (const auto& argument : context.arguments.positional) {
    for (const auto& id : resolve(graph, {}, argument)) {
      if (std::find(parents.begin(), parents.end(), id) == parents.end()) parents.push_back(id);
    }
  }
  if (context.arguments.positional.empty()) parents = graph.heads();
  if (parents.size() < 2) throw Error{ErrorKind::usage, "a merge needs two revisions or more; there is " + titles(graph, parents), "migrate merge heads -m MESSAGE"};
  for (const auto& id : parents) {
    const auto above = graph.with_ancestors(graph.mark(Ids{id}));
    for (const auto& other : parents) {
      if (other != id && above[static_cast<std::size_t>(graph.index(other))] != 0) {
        throw Error{ErrorKind::usage, title(*graph.find(other)) + " is already below " + title(*graph.find(id)), "merge heads of different branches"};
      }
    }
  }
  auto revision = new_revision(context, parents, context.arguments.get("message", "merge"));
  return write_new_unit(context, {.revision = std::move(revision), .format = format_of(context), .upgrade = "", .downgrade = ""});
}

int run_edit(Context& context) {
  auto& project = context.project();
  const auto id = resolve_one(project.graph(), {}, context.arguments.at(0, "head"));
  const auto path = project.unit(id)->path;
  const char* editor = std::getenv("VISUAL");
  if (editor == nullptr || *editor == '\0') editor = std::getenv("EDITOR");
  if (editor == nullptr || *editor == '\0') throw Error{ErrorKind::usage, "no editor is set", "set EDITOR, or open " + path.string()};
  const auto quoted = "'" + replace_all(path.string(), "'", "'\\''") + "'";
  const int status = std::system((std::string(editor) + " " + quoted).c_str());
  if (status != 0) throw Error{ErrorKind::failed, std::string("the editor ") + editor + " failed"};
  project.reload_units();
  project.write_sum();
  return 0;
}

}  // namespace migrate::cli
