#include "dialect/rows.hpp"

#include <algorithm>

#include "schema/lookup.hpp"

namespace migrate {
namespace {

bool whole_columns(const std::vector<IndexPart>& parts) {
  return !parts.empty() && std::all_of(parts.begin(), parts.end(), [](const IndexPart& part) { return !part.column.empty() && part.prefix_length == 0; });
}

}  // namespace

std::vector<std::string> key_columns(const Table& table) {
  if (table.primary_key && whole_columns(table.primary_key->parts)) return column_names(table.primary_key->parts);
  const auto never_null = [&](const std::vector<IndexPart>& parts) {
    return whole_columns(parts) && std::all_of(parts.begin(), parts.end(), [&](const IndexPart& part) {
             const auto* column = find_named(table.columns, part.column);
             return column != nullptr && !column->nullable;
           });
  };
  for (const auto& unique : table.uniques) {
    if (never_null(unique.parts) && !unique.deferrable) return column_names(unique.parts);
  }
  for (const auto& index : table.indexes) {
    if (index.unique && index.where.empty() && never_null(index.parts)) return column_names(index.parts);
  }
  return {};
}

std::vector<std::string> RowsFace::order_key(const Table& table, bool& hidden) const {
  hidden = false;
  return key_columns(table);
}

}  // namespace migrate
