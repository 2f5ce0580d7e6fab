#pragma once

#include <string>
#include <string_view>

namespace migrate {

/// SHA-256 of the bytes, as 64 lower-case hex digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// `bytes` random bytes as lower-case hex digits, from the operating system.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace migrate
