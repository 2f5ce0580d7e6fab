/// SQL text in normal form: as the server prints it, but with names unquoted where that is safe.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// Brings an expression, a query or a clause to normal form. Names among `columns` get their own case back. The current
/// database's name in front of others is left out. Idempotent; what comes out means the same as what went in.
[[nodiscard]] std::string normal_expression(std::string_view sql, const Context& context, const std::vector<std::string>& columns = {});

/// The same without the parentheses that enclose all of it.
[[nodiscard]] std::string bare_expression(std::string_view sql, const Context& context, const std::vector<std::string>& columns = {});

/// The names of a table's columns.
[[nodiscard]] std::vector<std::string> names_of_columns(const Table& table);

}  // namespace migrate::mysql
