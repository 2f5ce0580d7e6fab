#pragma once

#include <string>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// Brings one column to canonical form; `collation` is the table's, `names` are its columns.
void canonicalize_column(Column& column, const Context& context, const std::vector<std::string>& names, const std::string& collation);

}  // namespace migrate::mysql
