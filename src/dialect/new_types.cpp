#include "dialect/new_types.hpp"

#include <unordered_map>

#include "schema/lookup.hpp"

namespace migrate {

std::vector<NewType> new_types(const Schema& declared, const Schema& live) {
  std::vector<NewType> out;
  std::unordered_map<std::string, const Table*> tables;
  for (const auto& table : live.tables) tables.emplace(table.name.text(), &table);
  for (const auto& table : declared.tables) {
    const auto it = tables.find(table.name.text());
    const Table* before = it == tables.end() ? nullptr : it->second;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      const auto& column = table.columns[i];
      const Column* old = nullptr;
      // Mostly the same column stands at the same place.
      if (before != nullptr) old = i < before->columns.size() && before->columns[i].name == column.name ? &before->columns[i] : find_named(before->columns, column.name);
      if (old != nullptr && old->type == column.type) continue;
      out.push_back({column.type, "column " + table.name.text() + "." + column.name, column.declared.location, column.collation, &table});
    }
  }
  for (const auto& domain : declared.domains) {
    const auto* old = find_named(live.domains, domain.name);
    if (old == nullptr || old->type != domain.type) out.push_back({domain.type, "domain " + domain.name.text(), domain.declared.location, domain.collation, nullptr});
  }
  return out;
}

void refuse_type(const NewType& type, const std::string& what, const std::string& hint) {
  throw Error{ErrorKind::usage, type.what + ": " + what, hint, type.location};
}

}  // namespace migrate
