/// Whether a server takes writes now.
#pragma once

#include <string>
#include <string_view>

#include "dialect/connection.hpp"

namespace migrate::mysql {

/// The variables that say that a server takes no writes, as a list of SQL.
inline constexpr std::string_view read_only_variables = "'read_only', 'innodb_read_only'";

/// What such a variable's value says of the server: why it takes no writes, or "". Who may write there all the same (SUPER) would make a
/// replica differ from the server that it follows.
[[nodiscard]] std::string why_no_writes(std::string_view variable, std::string_view value);

/// The same, asked now.
[[nodiscard]] std::string takes_no_writes(Connection& connection);

}  // namespace migrate::mysql
