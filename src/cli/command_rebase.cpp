// migrate revision --rebase: after a merge in git left two heads, one line of revisions goes on top of the other
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "revision/argument.hpp"

namespace migrate::cli {
namespace {

/// A unit as it is and as it will be.
struct Moved {
  const UnitFile* unit = nullptr;
  Revision after;
  std::filesystem::path path;
  std::string text;
};

/// Revisions that `head` needs along parents and `onto` does not.
Ids line_above(const Graph& graph, const std::string& onto, const std::string& head) {
  const auto below = graph.with_ancestors(graph.mark(Ids{onto}));
  auto marks = graph.with_ancestors(graph.mark(Ids{head}));
  for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = static_cast<char>(marks[i] != 0 && below[i] == 0);
  return graph.ids(marks);
}

/// The head that stays and the head that moves.
std::pair<std::string, std::string> choose(Context& context, const Graph& graph) {
  const auto heads = graph.heads();
  const auto given = context.arguments.get("onto");
  if (heads.size() < 2 && given.empty()) throw Error{ErrorKind::usage, "there is nothing to rebase: " + (heads.empty() ? "there is no revision" : "the only head is " + titles(graph, heads))};
  if (!given.empty()) {
    const auto onto = resolve_one(graph, {}, given);
    Ids others;
    const auto above = graph.with_descendants(graph.mark(Ids{onto}));
    for (const auto& head : heads) {
      if (above[static_cast<std::size_t>(graph.index(head))] == 0) others.push_back(head);
    }
    const auto moving = context.arguments.get("head");
    if (!moving.empty()) return {onto, resolve_one(graph, {}, moving)};
    if (others.size() == 1) return {onto, others.front()};
    throw Error{ErrorKind::usage, others.empty() ? "every head is on top of " + onto + " already" : "several heads could go on top of " + onto + ": " + titles(graph, others),
                others.empty() ? "" : "say which with --head R"};
  }
  if (heads.size() > 2) throw Error{ErrorKind::usage, "there are several heads: " + titles(graph, heads), "migrate revision --rebase --head R --onto R"};
  // The line that began later is the one that was merged last, as a rule.
  const auto began = [&](const std::string& onto, const std::string& head) { return graph.find(line_above(graph, onto, head).front())->created; };
  return began(heads[0], heads[1]) >= began(heads[1], heads[0]) ? std::pair{heads[0], heads[1]} : std::pair{heads[1], heads[0]};
}

std::string renumbered(const std::string& id, long long number, int width) {
  const auto old = revision_number(id);
  if (old == 0 || old == number) return id;
  auto digits = std::to_string(number);
  if (digits.size() < static_cast<std::size_t>(width)) digits.insert(0, static_cast<std::size_t>(width) - digits.size(), '0');
  return digits + id.substr(id.find_first_not_of("0123456789"));
}

/// The unit's text with another header; everything else stays as it is.
std::string rewritten(const UnitFile& unit, const Revision& after) {
  const auto text = unit_text(unit);
  std::string out;
  bool parents_written = after.parents.empty();
  std::size_t start = 0;
  while (start < unit.body) {
    const auto end = std::min(text.find('\n', start), text.size() - 1) + 1;
    const auto line = text.substr(start, end - start);
    start = end;
    const auto bom = line.starts_with("\xef\xbb\xbf") ? std::string("\xef\xbb\xbf") : std::string();
    const auto bare = line.substr(bom.size());
    const auto mark = bare.substr(0, 2);
    const auto line_end = line.ends_with("\r\n") ? "\r\n" : "\n";
    const auto colon = bare.find(':');
    const auto key = bare.size() > 2 && colon != std::string::npos ? trim(std::string_view(bare).substr(2, colon - 2)) : std::string_view();
    const auto write = [&](std::string_view name, const std::string& value) { out += fmt::format("{}{} {}: {}{}", bom, mark, name, value, line_end); };
    if (key == "revision") {
      write("revision", after.id);
      if (unit.revision.parents.empty() && !std::exchange(parents_written, true)) out += fmt::format("{} parents: {}{}", mark, join(after.parents, ", "), line_end);
    } else if (key == "parents") {
      if (!after.parents.empty()) write("parents", join(after.parents, ", "));
    } else if (key == "depends_on") {
      write("depends_on", join(after.depends_on, ", "));
    } else {
      out += line;
    }
  }
  return out + text.substr(unit.body);
}

std::filesystem::path renamed(const UnitFile& unit, const Revision& after, int width) {
  auto name = unit.path.filename().string();
  if (const auto at = name.find(unit.revision.id); at != std::string::npos) {
    name.replace(at, unit.revision.id.size(), after.id);
  } else if (const auto old = revision_number(name); old != 0 && old == unit.revision.number) {
    name = renumbered(name, revision_number(after.id), width);
  }
  return unit.path.parent_path() / name;
}

void refuse_applied(Target& target, const std::vector<Moved>& moved, const std::string& head) {
  if (!target.has_database()) return;
  for (const auto& row : target.read_rows()) {
    for (const auto& unit : moved) {
      if (unit.unit->revision.id != row.revision) continue;
      throw Error{ErrorKind::failed, title(unit.unit->revision) + " is applied in " + target.url().display() + ": a revision that is applied keeps its place",
                  "take it back first with `migrate downgrade`, put the other line on top with --onto " + head + ", or join both with `migrate merge heads -m MESSAGE`",
                  {unit.unit->path.string()}};
    }
  }
}

std::vector<Moved> plan_move(Project& project, const std::string& onto, const std::string& head) {
  const auto& graph = project.graph();
  const int width = project.config().revision.number_width;
  std::map<std::string, std::string> ids;
  std::map<std::string, Revision> after;
  std::map<std::string, long long> numbers;
  const auto line = line_above(graph, onto, head);
  for (const auto& id : line) {
    const auto* revision = graph.find(id);
    if (!revision->labels.empty()) {
      throw Error{ErrorKind::usage, title(*revision) + " carries the label " + revision->labels.front() + ": a labelled branch lives beside the others", "join them with `migrate merge`",
                  revision->location};
    }
    Revision now = *revision;
    now.parents.clear();
    long long number = 0;
    for (const auto& parent : revision->parents) {
      if (const auto it = ids.find(parent); it != ids.end()) {
        now.parents.push_back(it->second);
        number = std::max(number, numbers[parent]);
      }
    }
    if (now.parents.empty()) {
      now.parents = {onto};
      number = graph.find(onto)->number;
    }
    now.number = numbers[id] = number + 1;
    now.id = ids[id] = renumbered(id, number + 1, width);
    after[id] = now;
  }
  std::vector<Moved> moved;
  for (const auto& revision : graph.revisions()) {
    const bool own = after.contains(revision.id);
    Revision now = own ? after[revision.id] : revision;
    const auto follow = [&](Ids& names) {
      for (auto& name : names) {
        if (const auto it = ids.find(name); it != ids.end()) name = it->second;
      }
    };
    if (!own) follow(now.parents);
    follow(now.depends_on);
    if (now == revision) continue;
    const auto* unit = project.unit(revision.id);
    moved.push_back({unit, now, renamed(*unit, now, width), rewritten(*unit, now)});
  }
  return moved;
}

/// Throws when the graph would not be sound, or a file would be replaced.
void check_move(Project& project, const std::vector<Moved>& moved) {
  std::vector<Revision> revisions;
  std::map<std::filesystem::path, int> paths;
  for (const auto& unit : project.units()) {
    const auto it = std::find_if(moved.begin(), moved.end(), [&](const Moved& item) { return item.unit == &unit; });
    revisions.push_back(it == moved.end() ? unit.revision : it->after);
    const auto& path = it == moved.end() ? unit.path : it->path;
    if (++paths[path] > 1) throw Error{ErrorKind::usage, "two units would be called " + path.filename().string(), "rename one of them", {path.string()}};
    if (it == moved.end()) continue;
    const auto header = parse_header(it->text, unit.path.string());
    if (!header || header->revision.id != it->after.id || header->revision.parents != it->after.parents || header->revision.depends_on != it->after.depends_on) {
      throw Error{ErrorKind::failed, "the header of " + unit.path.string() + " could not be rewritten", "change its revision and parents by hand", {unit.path.string()}};
    }
  }
  (void)Graph(std::move(revisions));
}

}  // namespace

int run_rebase(Context& context) {
  auto& project = context.project();
  const auto& graph = project.graph();
  const auto [onto, head] = choose(context, graph);
  const auto moved = plan_move(project, onto, head);
  if (moved.empty()) throw Error{ErrorKind::usage, title(*graph.find(head)) + " is on top of " + onto + " already"};
  refuse_applied(context.target(), moved, head);
  check_move(project, moved);
  std::vector<std::pair<std::string, Revision>> told;
  for (const auto& unit : moved) told.emplace_back(unit.unit->revision.id, unit.after);
  // First every new file, then the old ones go: cut off in between, git still has them all. A new name can be the old name of
  // another unit that moves.
  for (const auto& unit : moved) write_file(unit.path, unit.text);
  for (const auto& unit : moved) {
    const bool taken = std::any_of(moved.begin(), moved.end(), [&](const Moved& other) { return other.path == unit.unit->path; });
    if (!taken) remove_file(unit.unit->path);
  }
  project.write_sum();
  auto list = nlohmann::ordered_json::array();
  for (const auto& [id, after] : told) {
    list.push_back({{"revision", id}, {"now", after.id}, {"parents", after.parents}});
    if (!context.output.json()) context.output.line(fmt::format("{} is now {}, on top of {}", id, title(after), join(after.parents, ", ")));
  }
  if (context.output.json()) context.output.line(list.dump());
  return 0;
}

}  // namespace migrate::cli
