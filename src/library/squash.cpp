#include "library/squash.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace migrate {

bool is_shortcut(const Revision& squash, std::span<const UnitFile> units) {
  Ids there;
  Ids gone;
  std::set<std::string_view> ids;
  for (const auto& unit : units) ids.insert(unit.revision.id);
  for (const auto& id : squash.replaces) (ids.contains(id) ? there : gone).push_back(id);
  if (!there.empty() && !gone.empty()) {
    throw Error{ErrorKind::usage, title(squash) + " replaces " + gone.front() + ", whose unit is gone, and " + there.front() + ", whose unit is there",
                "take all units that it replaces away, or none", squash.location};
  }
  return !there.empty();
}

std::vector<Revision> graph_revisions(std::span<const UnitFile> units) {
  auto revisions = revisions_of(units);
  std::map<std::string, std::string> now;
  std::erase_if(revisions, [&](const Revision& revision) {
    if (revision.repeatable) return true;
    if (revision.replaces.empty()) return false;
    if (is_shortcut(revision, units)) return true;
    for (const auto& id : revision.replaces) now[id] = revision.id;
    return false;
  });
  if (now.empty()) return revisions;
  for (auto& revision : revisions) {
    for (auto* names : {&revision.parents, &revision.depends_on}) {
      Ids changed;
      for (const auto& name : *names) {
        const auto it = now.find(name);
        const auto& wanted = it == now.end() ? name : it->second;
        if (std::find(changed.begin(), changed.end(), wanted) == changed.end()) changed.push_back(wanted);
      }
      *names = std::move(changed);
    }
  }
  return revisions;
}

std::vector<VersionRow> rows_of_graph(std::vector<VersionRow> rows, std::span<const UnitFile> units) {
  for (const auto& unit : units) {
    const auto& squash = unit.revision;
    if (squash.replaces.empty() || is_shortcut(squash, units)) continue;
    const auto replaced = [&](const VersionRow& row) {
      return row.state == RowState::applied && std::find(squash.replaces.begin(), squash.replaces.end(), row.revision) != squash.replaces.end();
    };
    const auto count = static_cast<std::size_t>(std::count_if(rows.begin(), rows.end(), replaced));
    if (count == 0) continue;
    if (count < squash.replaces.size()) {
      throw Error{ErrorKind::failed, "the database has only some of the revisions that " + title(squash) + " replaces, and their units are gone",
                  "restore their files, upgrade this database with them, then take them away again", squash.location};
    }
    auto row = *std::find_if(rows.rbegin(), rows.rend(), replaced);
    const bool own = std::any_of(rows.begin(), rows.end(), [&](const VersionRow& other) { return other.revision == squash.id; });
    std::erase_if(rows, replaced);
    if (own) continue;
    row.revision = squash.id;
    row.message = squash.message;
    row.checksum.clear();  // of other texts
    rows.push_back(std::move(row));
  }
  return rows;
}

Ids take_shortcuts(Ids pending, const std::vector<VersionRow>& rows, std::span<const UnitFile> units) {
  for (const auto& unit : units) {
    const auto& squash = unit.revision;
    if (squash.replaces.empty() || !is_shortcut(squash, units)) continue;
    const auto replaced = [&](const std::string& id) { return std::find(squash.replaces.begin(), squash.replaces.end(), id) != squash.replaces.end(); };
    const auto begun = std::any_of(rows.begin(), rows.end(), [&](const VersionRow& row) { return replaced(row.revision); });
    const auto count = static_cast<std::size_t>(std::count_if(pending.begin(), pending.end(), replaced));
    if (begun || count < squash.replaces.size()) continue;
    // Behind the last of them stands everything else that it needs.
    *std::find_if(pending.rbegin(), pending.rend(), replaced) = squash.id;
    std::erase_if(pending, replaced);
  }
  return pending;
}

void check_squashable(const Graph& graph, const Ids& ids) {
  if (ids.size() < 2) throw Error{ErrorKind::usage, "there is nothing to squash", "a range of two revisions or more: migrate squash base:0040"};
  const auto marks = graph.mark(ids);
  for (const auto& id : ids) {
    if (id == ids.back()) continue;
    for (const int other : graph.needed_by(graph.index(id))) {
      if (marks[static_cast<std::size_t>(other)] != 0) continue;
      throw Error{ErrorKind::usage, title(graph.at(other)) + " needs " + title(*graph.find(id)) + ", which is inside of the range",
                  "end the range there, or at the merge that joins the branches", graph.at(other).location};
    }
  }
}

}  // namespace migrate
