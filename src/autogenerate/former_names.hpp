#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "autogenerate/compare.hpp"

namespace migrate {

/// The names that things have in the database now, before the renames among some changes.
class FormerNames {
 public:
  FormerNames() = default;
  explicit FormerNames(const std::vector<PlannedChange>& changes) {
    for (const auto& change : changes) {
      if (const auto* table = std::get_if<Rename<Table>>(&change.operation)) tables_[table->to] = table->from;
      if (const auto* view = std::get_if<Rename<View>>(&change.operation)) views_[view->to] = view->from;
      if (const auto* column = std::get_if<RenamePart<Column>>(&change.operation)) columns_[{column->table, column->to}] = column->from;
    }
  }

  [[nodiscard]] QualifiedName table(const QualifiedName& name) const { return follow(tables_, name); }
  [[nodiscard]] QualifiedName view(const QualifiedName& name) const { return follow(views_, name); }
  [[nodiscard]] std::string column(const QualifiedName& table, std::string name) const {
    for (std::size_t i = 0; i <= columns_.size(); ++i) {
      const auto it = columns_.find({table, name});
      if (it == columns_.end()) break;
      name = it->second;
    }
    return name;
  }

 private:
  using Names = std::map<QualifiedName, QualifiedName>;

  /// Chains go over temporary names; a cycle ends after as many steps as there are names.
  static QualifiedName follow(const Names& names, QualifiedName name) {
    for (std::size_t i = 0; i <= names.size(); ++i) {
      const auto it = names.find(name);
      if (it == names.end()) break;
      name = it->second;
    }
    return name;
  }

  Names tables_;
  Names views_;
  std::map<std::pair<QualifiedName, std::string>, std::string> columns_;
};

}  // namespace migrate
