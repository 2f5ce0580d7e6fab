/// How a table gets from one shape to another: by SQLite's own ALTER TABLE where that can do it, and otherwise by making
/// it anew (manual, lang_altertable.html section 7).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::sqlite {

/// Operations on parts of one table that are carried out together.
struct TableChange {
  Table before;  ///< as the table is now
  Table after;   ///< as it is to be, with its indexes and triggers
  std::vector<Operation> operations;
};

/// The statements, if every operation can be done in place. `used_elsewhere` tells whether a view or another table's
/// trigger mentions a column name.
[[nodiscard]] std::optional<std::vector<std::string>> alter_in_place(const TableChange& change,
                                                                     const std::function<bool(const std::string&)>& used_elsewhere);

/// The statements that make the table anew under `scratch` and put it in the old one's place. Foreign keys must be off.
[[nodiscard]] std::vector<std::string> rebuild(const TableChange& change, const std::string& scratch);

}  // namespace migrate::sqlite
