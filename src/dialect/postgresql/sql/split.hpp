/// Scripts to statements.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/statement.hpp"

namespace migrate::postgresql {

/// `conforming`: standard_conforming_strings is on at the start of the text; a SET in it changes that for what stands behind.
[[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location, bool conforming = true);

}  // namespace migrate::postgresql
