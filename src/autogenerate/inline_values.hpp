/// The values of enumerations that stand in the type of a column: enum('a', 'b').
#pragma once

#include <string>
#include <vector>

#include "autogenerate/rename.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// The values as SQL writes them; nothing for a type of another kind.
[[nodiscard]] std::vector<std::string> inline_values(const std::string& type, const Dialect& dialect);

/// What was said of such values ("table.column.old" -> new, or "table.column.new"), noted at the declared columns. The answers that are left.
[[nodiscard]] RenameAnswers take_value_renames(RenameAnswers answers, const Schema& live, Schema& declared, const Dialect& dialect);

}  // namespace migrate
