#include "dialect/sqlite/render/rename.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {

std::string scratch_name(const Schema& schema, const std::string& table) {
  const auto taken = [&](const std::string& name) {
    const auto same = [&](const auto& object) { return equal_ignoring_case(object.name.name, name); };
    return std::any_of(schema.tables.begin(), schema.tables.end(), same) || std::any_of(schema.views.begin(), schema.views.end(), same);
  };
  std::string name = "new_" + table;
  while (taken(name)) name = "new_" + name;
  return name;
}

std::vector<std::string> rename_in_place(const Schema& schema, const Operation& rename) {
  if (const auto* op = std::get_if<RenamePart<Column>>(&rename)) {
    return {"ALTER TABLE " + quote_name(op->table.name) + " RENAME COLUMN " + quote_name(op->from) + " TO " + quote_name(op->to)};
  }
  const auto& op = std::get<Rename<Table>>(rename);
  const std::string alter = "ALTER TABLE " + quote_name(op.from.name) + " RENAME TO ";
  if (!equal_ignoring_case(op.from.name, op.to.name)) return {alter + quote_name(op.to.name)};
  const std::string between = scratch_name(schema, op.from.name);  // SQLite finds a table of that name already
  return {alter + quote_name(between), "ALTER TABLE " + quote_name(between) + " RENAME TO " + quote_name(op.to.name)};
}

}  // namespace migrate::sqlite
