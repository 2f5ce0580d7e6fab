#pragma once

#include <array>
#include <filesystem>
#include <string>
#include <string_view>

namespace migrate {

/// SHA-256 of the bytes, as 64 lower-case hex digits.
[[nodiscard]] std::string sha256(std::string_view bytes);

/// The same as bytes.
[[nodiscard]] std::array<unsigned char, 32> sha256_bytes(std::string_view bytes);

/// The same of a file's content, which is never in memory as a whole. Throws Error (usage) when it cannot be read.
[[nodiscard]] std::string sha256_of_file(const std::filesystem::path& path);

/// The same in base64, as a Content-Security-Policy names what may run.
[[nodiscard]] std::string sha256_base64(std::string_view bytes);

/// `bytes` random bytes as lower-case hex digits, from the operating system.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace migrate
