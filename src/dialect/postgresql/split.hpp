#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/statement.hpp"
#include "migrate/schema.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location);
[[nodiscard]] StatementClass classify(const Statement& statement);

/// Every name that the statement holds outside strings, keywords left out, quoted for SQL: "a", "a"."b".
[[nodiscard]] std::vector<std::string> names_in(std::string_view sql);

}  // namespace migrate::postgresql
