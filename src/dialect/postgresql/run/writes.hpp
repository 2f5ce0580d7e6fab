/// Whether a server takes writes now.
#pragma once

#include <string>

#include "dialect/connection.hpp"

namespace migrate::postgresql {

/// What is said of a server that follows another one.
inline constexpr const char* standby_words = "it is a standby that follows another server";

/// Why it takes no writes now; "" when it does.
[[nodiscard]] inline std::string takes_no_writes(Connection& connection) {
  return connection.query("SELECT pg_is_in_recovery()").rows.at(0).at(0) == "t" ? standby_words : "";
}

}  // namespace migrate::postgresql
