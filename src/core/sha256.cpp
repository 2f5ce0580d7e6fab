#include "core/sha256.hpp"

#include <openssl/sha.h>
#include <sys/random.h>

#include <array>
#include <stdexcept>
#include <vector>

namespace migrate {
namespace {

std::string hex(const unsigned char* bytes, std::size_t size) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (std::size_t i = 0; i < size; ++i) {
    out += digits[bytes[i] >> 4];
    out += digits[bytes[i] & 15];
  }
  return out;
}

}  // namespace

std::string sha256(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), digest.data());
  return hex(digest.data(), digest.size());
}

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> buffer(bytes);
  if (getrandom(buffer.data(), buffer.size(), 0) != static_cast<ssize_t>(bytes)) {
    throw std::runtime_error("cannot read random bytes from the operating system");
  }
  return hex(buffer.data(), buffer.size());
}

}  // namespace migrate
