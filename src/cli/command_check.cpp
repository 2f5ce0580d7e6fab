// migrate check, diff, inspect: schemas are looked at and compared
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "autogenerate/held.hpp"
#include "cli/context.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "library/page.hpp"
#include "revision/plan.hpp"
#include "schema/access.hpp"
#include "schema/rights.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

/// A side of a comparison: a database, or a model.
struct Side {
  std::string name;
  bool declared = false;
  Schema schema;
};

bool is_database(const std::string& argument) { return is_url(argument) || argument.starts_with('@'); }

Side load_side(Context& context, const std::string& argument, Session& session) {
  auto& project = context.project();
  auto& target = context.target();
  if (argument == "database") return {"database", false, target.live_schema()};
  if (argument == "model") return {"model", true, target.declared_schema()};
  if (is_database(argument)) {
    const auto url = project.database(argument);
    if (url.dialect() != session.dialect().name()) {
      throw Error{ErrorKind::usage, "cannot compare databases of different engines: " + url.display(), "compare each with the model, or both with `migrate sync A B --dry-run`"};
    }
    Session other(url, project.config().schemas);
    return {url.display(), false, without_definers(target.live_schema(other))};
  }
  if (!path_exists(argument)) {
    throw Error{ErrorKind::usage, "'" + argument + "' is neither a database URL, @NAME of an environment, a model file, `model` nor `database`"};
  }
  return {argument, true, target.read_model({std::filesystem::path(argument)}, session)};
}

/// The database that answers for the engine in a comparison: the first URL named, else the project's.
std::unique_ptr<Session> judge(Context& context, const std::vector<std::string>& arguments) {
  for (const auto& argument : arguments) {
    if (is_database(argument)) return std::make_unique<Session>(context.project().database(argument), context.project().config().schemas);
  }
  return std::make_unique<Session>(context.target().url(), context.project().config().schemas);
}

Json to_json(const PlannedChange& change) {
  Json json{{"change", describe(change.operation)}};
  if (const auto* table = table_of(change.operation)) json["table"] = table->text();
  if (!change.note.empty()) json["note"] = change.note;
  if (!change.review.empty()) json["review"] = change.review;
  return json;
}

void print_difference(const Context& context, const Difference& difference, const Dialect& dialect, const std::string& format) {
  const auto& output = context.output;
  if (output.json() || format == "json") {
    Json list = Json::array();
    for (const auto& change : difference.changes) list.push_back(to_json(change));
    output.line(list.dump(2, ' ', false, Json::error_handler_t::replace));
  } else if (format == "sql") {
    output.text(render_unit(difference, dialect).upgrade);
  } else if (format == "text") {
    for (const auto& change : difference.changes) {
      output.line(describe(change.operation));
      if (!change.review.empty()) output.line("  unsure: " + change.review);
    }
  } else {
    throw Error{ErrorKind::usage, "--format cannot be '" + format + "'", "text, sql or json"};
  }
}

/// --report FILE.html
void write_report(Context& context, const std::vector<std::string>& findings, const Difference& difference) {
  const auto file = context.arguments.get("report");
  if (file.empty()) return;
  PageTable found{.id = "findings", .title = "Findings", .columns = {"finding"}, .rows = {}};
  for (const auto& finding : findings) found.rows.push_back({finding});
  PageTable changes{.id = "changes", .title = "What the model changes", .columns = {"change", "note"}, .rows = {}};
  for (const auto& change : difference.changes) changes.rows.push_back({describe(change.operation), change.review.empty() ? change.note : change.review});
  const bool good = findings.empty() && difference.empty();
  Page page{.title = "Check", .verdict = good ? "The model, the revisions and the database agree" : "The model, the revisions and the database do not agree", .good = good,
            .facts = {context.target().url().display(), now_utc()}, .sections = {}, .body = {}, .data = {}};
  page.add(found);
  page.add(changes);
  static_cast<void>(context.output.file(file, page_html(page)));
}

}  // namespace

int run_diff(Context& context) {
  const auto from = context.arguments.at(0, "database");
  const auto to = context.arguments.at(1, "model");
  const auto session = judge(context, {from, to});
  const auto before = load_side(context, from, *session);
  const auto after = load_side(context, to, *session);
  Schema live = before.schema;
  if (before.declared) session->dialect().canonical().canonicalize(live, session->server());
  auto options = rename_options(context);
  // The judge is the database that is looked at, unless only the other one is named by a URL.
  if (is_url(from) || (from == "database" && !is_url(to))) options.count = count_held(session->dialect(), session->connection());
  const auto difference = find_difference(session->dialect(), session->connection(), session->server(), std::move(live), after.schema, options);
  print_remarks(context.output, difference.remarks);
  print_difference(context, difference, session->dialect(), context.arguments.get("format", "text"));
  if (difference.empty()) context.output.note("no difference between " + before.name + " and " + after.name);
  return difference.empty() ? 0 : 3;
}

int run_check(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  auto& session = target.session();
  const auto rows = target.read_rows();
  const auto& graph = target.graph_with(rows);
  const auto applied = applied_ids(rows);
  std::vector<std::string> findings;
  for (const auto& row : rows) {
    if (row.state != RowState::applied) findings.push_back(row.revision + " was cut off after " + plural(static_cast<std::size_t>(row.statement), "statement"));
    const auto* unit = project.unit(row.revision);
    if (unit == nullptr) findings.push_back("the database has the revision " + row.revision + ", which has no unit here");
    else if (row.state == RowState::applied && !row.checksum.empty() && project.checksum_of(*unit) != row.checksum) {
      findings.push_back(unit->revision.repeatable ? "pending: " + title(unit->revision) + " was edited and runs again"
                                                   : "the unit " + title(unit->revision) + " was edited after it was applied");
    }
  }
  for (const auto& unit : project.units()) {
    const auto has_row = [&](const VersionRow& row) { return row.revision == unit.revision.id; };
    if (unit.revision.repeatable && std::none_of(rows.begin(), rows.end(), has_row)) findings.push_back("pending: " + title(unit.revision));
  }
  if (const auto heads = graph.effective_heads(); heads.size() > 1 && graph.labels().empty()) {
    findings.push_back("there are several heads: " + titles(graph, heads));
  }
  const auto now = graph.mark(applied);
  for (const auto& revision : graph.revisions()) {
    if (now[static_cast<std::size_t>(graph.index(revision.id))] == 0) findings.push_back("pending: " + title(revision));
  }
  const auto difference = find_difference(session.dialect(), session.connection(), session.server(), target.live_schema(), target.declared_schema(),
                                          {.policy = RenamePolicy::review});
  print_remarks(context.output, difference.remarks);
  write_report(context, findings, difference);
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& change : difference.changes) list.push_back(to_json(change));
    context.output.line(Json({{"ok", findings.empty() && difference.empty()}, {"findings", findings}, {"changes", list}}).dump(2, ' ', false, Json::error_handler_t::replace));
  } else {
    for (const auto& finding : findings) context.output.line(finding);
    if (!difference.empty()) {
      context.output.line("the model and the database differ:");
      for (const auto& change : difference.changes) context.output.line("  " + describe(change.operation));
      context.output.note("`migrate revision --autogenerate -m MESSAGE` writes what leads from the database to the model");
    }
    if (findings.empty() && difference.empty()) context.output.line("the model, the revisions and the database agree");
  }
  return findings.empty() && difference.empty() ? 0 : 3;
}

int run_inspect(Context& context) {
  auto& target = context.target();
  auto schema = target.whole_schema();
  if (context.arguments.has("grants")) {
    auto& session = target.session();
    session.dialect().catalog().read_access(session.connection(), session.server(), schema, {});
    leave_out_implied(schema);
  } else {
    schema = without_definers(std::move(schema));
  }
  const auto text = write_model(schema, std::string(target.dialect().name()));
  note_left_alone(context.output, target.session());
  const auto file = context.arguments.get("output");
  if (context.output.file(file.empty() ? "-" : file, text)) {
    context.output.note(fmt::format("wrote {}: {}, {}", file, plural(schema.tables.size(), "table"), plural(schema.views.size(), "view")));
  }
  return 0;
}

}  // namespace migrate::cli
