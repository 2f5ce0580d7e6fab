#include "rehearse/contents.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "autogenerate/autogenerate.hpp"
#include "core/text.hpp"
#include "transfer/end.hpp"

namespace migrate {

Contents read_contents(Target& target) {
  End end(target, true);
  Contents contents;
  contents.schema = end.inspect();
  filter_schema(contents.schema, [&](std::string_view, const QualifiedName& name) { return !target.versions().owns(name); });
  const auto connection = end.open_rows();
  for (const auto& table : contents.schema.tables) {
    auto side = pair_tables(end, contents.schema, table, end, contents.schema, table).from;
    side.connection = connection.get();
    // A column that a downgrade brings back stands last on some engines.
    std::sort(side.columns.begin(), side.columns.end(), [](const RowsColumn& a, const RowsColumn& b) { return a.name < b.name; });
    TableContents sums{.rows = checksum(side, side.columns), .columns = {}, .numbered = {}};
    for (const auto& column : side.columns) sums.columns.emplace(column.name, sums.rows.rows == 0 ? Checksum{} : checksum(side, {column}));
    for (const auto& column : table.columns) {
      if (column.identity) sums.numbered.insert(column.name);
    }
    contents.tables.emplace(table.name.text(), std::move(sums));
  }
  return contents;
}

std::vector<RowsChange> changes_of_rows(const Contents& before, const Contents& after, bool numbers) {
  std::vector<RowsChange> changes;
  for (const auto& [name, was] : before.tables) {
    const auto found = after.tables.find(name);
    const auto rows = plural(static_cast<std::size_t>(was.rows.rows), "row");
    if (found == after.tables.end()) {
      if (was.rows.rows > 0) changes.push_back({name, "its " + rows + " are gone with it"});
      continue;
    }
    const auto& is = found->second;
    if (is.rows.rows != was.rows.rows) {
      changes.push_back({name, fmt::format("{} before, {} now", rows, is.rows.rows)});
      continue;
    }
    std::vector<std::string> differing;
    for (const auto& [column, sum] : was.columns) {
      if (!numbers && was.numbered.contains(column)) continue;
      const auto now = is.columns.find(column);
      if (now == is.columns.end() ? was.rows.rows > 0 : now->second != sum) differing.push_back(column);
    }
    if (!differing.empty()) changes.push_back({name, "other values in " + join(differing, ", ")});
    else if ((numbers || was.numbered.empty()) && is.columns.size() == was.columns.size() && is.rows != was.rows) changes.push_back({name, "the same values in other rows"});
  }
  return changes;
}

}  // namespace migrate
