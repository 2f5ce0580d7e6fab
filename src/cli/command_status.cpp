// migrate current, history, heads, branches, show, log: what is, and what was
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/context.hpp"
#include "core/text.hpp"
#include "revision/argument.hpp"
#include "runner/kept_records.hpp"
#include "revision/plan.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

void print_json(const Context& context, const Json& json) {
  context.output.line(json.dump(2, ' ', false, Json::error_handler_t::replace));
}

Json to_json(const Revision& revision) {
  Json json{{"revision", revision.id}, {"message", revision.message}, {"parents", revision.parents}};
  if (!revision.labels.empty()) json["labels"] = revision.labels;
  if (!revision.depends_on.empty()) json["depends_on"] = revision.depends_on;
  if (!revision.created.empty()) json["created"] = revision.created;
  if (!revision.transaction) json["transaction"] = false;
  if (revision.location.known()) json["file"] = revision.location.file;
  return json;
}

std::vector<VersionRow> read_rows(Context& context) {
  auto& target = context.target();
  return target.read_rows();
}

/// The rows where the project has a database that can be read; nothing else is an error for a command that can do without.
std::vector<VersionRow> rows_if_any(Context& context, bool& known) {
  known = false;
  if (!context.target().has_database()) return {};
  try {
    auto rows = read_rows(context);
    known = true;
    return rows;
  } catch (const Error& error) {
    context.output.detail("cannot read what is applied: " + error.message());
    return {};
  }
}

/// What is kept of what the revision took away.
std::vector<KeptRecord> kept_of(Target& target, const std::string& id, bool known) {
  if (!known || !has_kept_table(target.session().connection(), target.versions())) return {};
  auto records = read_kept(target.session().connection(), target.versions());
  std::erase_if(records, [&](const KeptRecord& record) { return record.revision != id; });
  return records;
}

std::string marks_of(const Revision& revision, const std::set<std::string>& heads, bool known, const std::set<std::string>& applied,
                     const std::set<std::string>& current) {
  std::string out;
  if (current.contains(revision.id)) out += " (current)";
  else if (known && !applied.contains(revision.id)) out += " (pending)";
  if (heads.contains(revision.id)) out += " (head)";
  if (!revision.labels.empty()) out += " [" + join(revision.labels, ", ") + "]";
  return out;
}

std::set<std::string> set_of(const Ids& ids) { return {ids.begin(), ids.end()}; }

}  // namespace

int run_current(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  const auto rows = read_rows(context);
  // What is applied is known from the rows alone; the units say which of it are heads.
  const auto applied = applied_ids(rows);
  Ids heads;
  bool at_head = false;
  if (!rows.empty()) {
    const auto& graph = target.graph_with(rows);
    heads = graph.heads_of(graph.mark(applied));
    at_head = upgrade_plan(graph, applied, "heads").empty();
  }
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& row : rows) {
      const bool is_current = std::find(heads.begin(), heads.end(), row.revision) != heads.end();
      if (!is_current && row.state == RowState::applied) continue;
      Json entry{{"revision", row.revision}, {"message", row.message}, {"applied_at", row.applied_at}, {"applied_by", row.applied_by}};
      if (row.state != RowState::applied) {
        entry["state"] = row.state == RowState::upgrading ? "upgrading" : "downgrading";
        entry["statement"] = row.statement;
      }
      list.push_back(entry);
    }
    print_json(context, {{"current", list}, {"applied", std::count_if(rows.begin(), rows.end(), [](const VersionRow& row) { return !is_repeatable_id(row.revision); })}, {"at_head", at_head}});
    return 0;
  }
  if (rows.empty()) context.output.note("nothing is applied");
  for (const auto& id : heads) {
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const VersionRow& candidate) { return candidate.revision == id; });
    context.output.line(fmt::format("{}{}{}", context.output.strong(id), row->message.empty() ? "" : "  " + row->message, at_head ? " (head)" : ""));
  }
  for (const auto& row : rows) {
    if (row.state == RowState::applied && is_repeatable_id(row.revision)) {
      const auto* unit = project.unit(row.revision);
      const auto now = unit == nullptr ? ", its unit is gone" : project.checksum_of(*unit) == row.checksum ? "" : ", edited: the next upgrade runs it again";
      context.output.line(fmt::format("{}{}{}", row.revision, row.message.empty() ? "" : "  " + row.message, now));
    }
    if (row.state == RowState::applied) continue;
    context.output.line(fmt::format("{}  {} cut off after {}", row.revision, row.state == RowState::upgrading ? "upgrade" : "downgrade", plural(static_cast<std::size_t>(row.statement), "statement")));
  }
  return 0;
}

int run_history(Context& context) {
  auto& target = context.target();
  bool known = false;
  const auto rows = rows_if_any(context, known);
  const auto applied = applied_ids(rows);
  const auto& graph = target.graph_with(rows);
  Ids ids;
  if (const auto argument = context.arguments.at(0); argument.empty()) {
    for (const auto& revision : graph.revisions()) ids.push_back(revision.id);
  } else if (is_range(argument)) {
    ids = revisions_in(graph, resolve_range(graph, applied, argument), true);
  } else {
    ids = graph.ids(graph.with_needs(graph.mark(resolve(graph, applied, argument))));
  }
  std::reverse(ids.begin(), ids.end());
  const auto heads = set_of(graph.heads());
  const auto applied_set = set_of(applied);
  const auto current = set_of(graph.heads_of(graph.mark(applied)));
  std::map<std::string, const VersionRow*> row_of;
  for (const auto& row : rows) row_of[row.revision] = &row;
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& id : ids) {
      auto json = to_json(*graph.find(id));
      json["head"] = heads.contains(id);
      if (known) {
        json["applied"] = applied_set.contains(id);
        json["current"] = current.contains(id);
        if (row_of.contains(id)) json["applied_at"] = row_of[id]->applied_at;
      }
      list.push_back(json);
    }
    print_json(context, list);
    return 0;
  }
  std::string text;
  for (const auto& id : ids) {
    const auto& revision = *graph.find(id);
    const auto parents = revision.parents.empty() ? std::string("<base>") : join(revision.parents, ", ");
    text += fmt::format("{} -> {}{}{}{}\n", parents, context.output.strong(id), marks_of(revision, heads, known, applied_set, current),
                        revision.message.empty() ? "" : ", ", revision.message);
  }
  context.output.lines(text);
  if (ids.empty()) context.output.note("there are no revisions yet");
  return 0;
}

int run_heads(Context& context) {
  const auto& graph = context.project().graph();
  const auto heads = graph.heads();
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& id : heads) list.push_back(to_json(*graph.find(id)));
    print_json(context, list);
    return 0;
  }
  const auto labels = graph.carried_labels();
  for (const auto& id : heads) {
    const auto& carried = labels[static_cast<std::size_t>(graph.index(id))];
    context.output.line(fmt::format("{}{}{}", context.output.strong(id), carried.empty() ? "" : " [" + join(carried, ", ") + "]",
                                    graph.find(id)->message.empty() ? "" : "  " + graph.find(id)->message));
  }
  if (heads.size() > 1) context.output.note("several heads: `migrate merge heads -m MESSAGE` joins them");
  return 0;
}

int run_branches(Context& context) {
  const auto& graph = context.project().graph();
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& id : graph.branch_points()) {
      auto json = to_json(*graph.find(id));
      Json children = Json::array();
      for (const int child : graph.children(graph.index(id))) children.push_back(graph.at(child).id);
      json["children"] = children;
      list.push_back(json);
    }
    print_json(context, list);
    return 0;
  }
  for (const auto& id : graph.branch_points()) {
    context.output.line(title(*graph.find(id)));
    for (const int child : graph.children(graph.index(id))) context.output.line("  -> " + title(graph.at(child)));
  }
  if (graph.branch_points().empty()) context.output.note("there are no branches");
  return 0;
}

int run_show(Context& context) {
  auto& project = context.project();
  auto& target = context.target();
  bool known = false;
  const auto argument = context.arguments.at(0, "head");
  const auto rows = rows_if_any(context, known);
  const auto& graph = target.graph_with(rows);
  const auto id = resolve_one(graph, applied_ids(rows), argument);
  const auto& revision = *graph.find(id);
  const auto* file = project.unit(id);
  const auto text = file != nullptr ? unit_text(*file) : target.versions().read_downgrade(target.session().connection(), id);
  const auto row = std::find_if(rows.begin(), rows.end(), [&](const VersionRow& candidate) { return candidate.revision == id; });
  if (context.output.json()) {
    auto json = to_json(revision);
    if (row != rows.end()) {
      json["applied_at"] = row->applied_at;
      json["applied_by"] = row->applied_by;
    }
    for (const auto& record : kept_of(target, id, known)) {
      json["kept"].push_back({{"object", record.text(target.session().server().default_schema)}, {"kind", to_text(record.kind)}, {"until", record.until}});
    }
    json["text"] = text;
    print_json(context, json);
    return 0;
  }
  const auto& output = context.output;
  output.line(output.strong("revision    ") + id);
  output.line(output.strong("message     ") + revision.message);
  output.line(output.strong("parents     ") + (revision.parents.empty() ? "<base>" : join(revision.parents, ", ")));
  if (!revision.depends_on.empty()) output.line(output.strong("depends on  ") + join(revision.depends_on, ", "));
  if (!revision.labels.empty()) output.line(output.strong("labels      ") + join(revision.labels, ", "));
  if (!revision.created.empty()) output.line(output.strong("created     ") + revision.created);
  if (row != rows.end()) output.line(output.strong("applied     ") + row->applied_at + " by " + row->applied_by);
  else if (known) output.line(output.strong("applied     ") + "no");
  for (const auto& record : kept_of(target, id, known)) {
    output.line(output.strong("kept        ") + record.text(target.session().server().default_schema) + " until " + (record.until.empty() ? "purged" : record.until));
  }
  if (file != nullptr) output.line(output.strong("file        ") + shown_path(file->path.string()));
  output.line();
  output.lines(text);
  return 0;
}

int run_log(Context& context) {
  auto& target = context.target();
  const auto limit = context.arguments.get("limit", "50");
  if (limit.empty() || limit.size() > 9 || !std::all_of(limit.begin(), limit.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    throw Error{ErrorKind::usage, "--limit must be a number"};
  }
  const auto entries = target.versions().read_log(target.session().connection(), std::stoi(limit));
  if (context.output.json()) {
    Json list = Json::array();
    for (const auto& entry : entries) {
      list.push_back({{"at", entry.at}, {"action", entry.action}, {"revision", entry.revision}, {"outcome", entry.outcome}, {"by", entry.by},
                      {"duration_ms", entry.duration_ms}, {"tool_version", entry.tool_version}});
    }
    print_json(context, list);
    return 0;
  }
  for (const auto& entry : entries) {
    context.output.line(fmt::format("{}  {:<9} {:<14} {:<6} {}", entry.at, entry.action, entry.revision, entry.outcome, entry.by));
  }
  if (entries.empty()) context.output.note("the log is empty");
  return 0;
}

}  // namespace migrate::cli
