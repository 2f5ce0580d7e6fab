/// What an error of MySQL or MariaDB means for a run.
#pragma once

#include <string>
#include <string_view>

#include "dialect/connection.hpp"

namespace migrate::mysql {

/// By the server's or the client library's number.
[[nodiscard]] DatabaseError::Cause cause_of(int code);

/// What to do about it; "" where nothing is known that helps.
[[nodiscard]] std::string hint_of(int code, std::string_view words);

/// Whether the server takes no writes at all, for now or because it follows another one.
[[nodiscard]] bool is_read_only(int code, std::string_view words);

/// Whether there is no such table; vtgate has other words for one that it looks for on several shards.
[[nodiscard]] bool is_missing_table(const DatabaseError& error);

}  // namespace migrate::mysql
