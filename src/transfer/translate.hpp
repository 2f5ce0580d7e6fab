/// SQL expressions and queries of one engine in the words of another, as far as tokens tell; whether the other engine takes them is
/// found out by asking it.
#pragma once

#include <string>
#include <string_view>

#include "dialect/dialect.hpp"

namespace migrate {

[[nodiscard]] std::string translate_sql(std::string_view sql, const Dialect& from, const Dialect& to);

/// Whether an expression is arithmetic that all engines do alike: names, whole numbers, + - * and parentheses.
[[nodiscard]] bool is_plain_arithmetic(std::string_view sql, const Dialect& dialect);

}  // namespace migrate
