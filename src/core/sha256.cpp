#include "core/sha256.hpp"

#include <sys/random.h>
#include <sys/types.h>

#include <sha2.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

std::string sha256(std::string_view bytes) {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
  SHA256Data(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hex.data());
  return hex.data();
}

std::array<unsigned char, 32> sha256_bytes(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  SHA2_CTX state;
  SHA256Init(&state);
  SHA256Update(&state, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  SHA256Final(digest.data(), &state);
  return digest;
}

std::string sha256_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const auto fail = [&] { throw Error{ErrorKind::usage, "cannot read " + path.string() + ": " + std::strerror(errno)}; };
  if (!file || std::filesystem::is_directory(path)) fail();
  SHA2_CTX state;
  SHA256Init(&state);
  std::vector<char> buffer(std::size_t{1} << 18);
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    SHA256Update(&state, reinterpret_cast<const unsigned char*>(buffer.data()), static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) fail();
  std::array<char, SHA256_DIGEST_STRING_LENGTH> hex{};
  SHA256End(&state, hex.data());
  return hex.data();
}

std::string sha256_base64(std::string_view bytes) {
  static constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string hex = sha256(bytes);
  std::string out;
  const auto value = [&](std::size_t at) { return at < hex.size() ? static_cast<unsigned>(hex[at] <= '9' ? hex[at] - '0' : hex[at] - 'a' + 10) : 0U; };
  for (std::size_t at = 0; at < hex.size(); at += 3) {  // three hex digits are two of base64
    const unsigned bits = value(at) << 8 | value(at + 1) << 4 | value(at + 2);
    out += digits[bits >> 6];
    if (at + 1 < hex.size()) out += digits[bits & 63];
  }
  while (out.size() % 4 != 0) out += '=';
  return out;
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
