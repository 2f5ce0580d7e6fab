#include "core/sha256.hpp"

#include <sys/random.h>
#include <sys/types.h>

#include <sha2.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace migrate {

std::string sha256(std::string_view bytes) {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
  SHA256Data(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hex.data());
  return hex.data();
}

std::string random_hex(std::size_t bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::vector<unsigned char> buffer(bytes);
  if (getrandom(buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(bytes)) {
    throw std::runtime_error("cannot read random bytes from the operating system");
  }
  std::string out;
  for (const auto byte : buffer) {
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  return out;
}

}  // namespace migrate
