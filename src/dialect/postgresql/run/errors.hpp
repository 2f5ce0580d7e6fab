/// What an error of PostgreSQL means for a run.
#pragma once

#include <string>
#include <string_view>

#include "dialect/connection.hpp"

namespace migrate::postgresql {

[[nodiscard]] DatabaseError::Cause cause_of(std::string_view sqlstate);

/// What to do about it; "" where nothing is known that helps.
[[nodiscard]] std::string hint_of(std::string_view sqlstate, std::string_view words);

}  // namespace migrate::postgresql
