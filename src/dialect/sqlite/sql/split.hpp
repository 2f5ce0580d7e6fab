/// Scripts to statements.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/statement.hpp"

namespace migrate::sqlite {

[[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location);

}  // namespace migrate::sqlite
