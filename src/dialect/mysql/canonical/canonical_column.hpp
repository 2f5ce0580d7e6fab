#pragma once

#include <string>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// Brings one column to canonical form; `collation` is the table's, `names` are its columns.
void canonicalize_column(Column& column, const Context& context, const std::vector<std::string>& names, const std::string& collation);

/// Whether a default of the table is a date of zeros, which a strict server takes from no session of its own mode.
[[nodiscard]] bool has_zero_dates(const Table& table);

}  // namespace migrate::mysql
