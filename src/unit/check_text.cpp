// Units are UTF-8 without NUL bytes: what a client sends to a server as text.
#include <cstdint>

#include "core/conflict.hpp"
#include "core/text.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {
namespace {

/// The length of the UTF-8 sequence at the start of the text; 0 when it is none (Unicode standard, table 3-7).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0}; };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const auto first = byte(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    const bool overlong = first == 0xE0 && byte(1) < 0xA0;
    const bool surrogate = first == 0xED && byte(1) > 0x9F;
    return follows(1) && follows(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    const bool overlong = first == 0xF0 && byte(1) < 0x90;
    const bool beyond = first == 0xF4 && byte(1) > 0x8F;
    return follows(1) && follows(2) && follows(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

void check_text(std::string_view text, const std::string& file) {
  check_encoding(text, file);
  if (const int conflict = conflict_line(text); conflict != 0) {
    throw Error{ErrorKind::usage, "git left a conflict in " + file, "settle it: keep one side, and take the lines with <<<<<<<, ======= and >>>>>>> out", {file, conflict, 1}};
  }
  int line = 1;
  std::size_t line_start = 0;
  for (std::size_t at = 0; at < text.size();) {
    const auto fail = [&](const std::string& what, const char* hint) {
      throw Error{
          ErrorKind::usage, "cannot read " + file + ": " + what, hint, {file, line, static_cast<int>(at - line_start) + 1}};
    };
    if (text[at] == '\0') fail("it holds a NUL byte", "save the file as UTF-8 text");
    const auto length = sequence_length(text.substr(at, 4));
    if (length == 0) fail("it is not UTF-8 text", "save the file as UTF-8; write binary values as x'...'");
    if (text[at] == '\n') {
      ++line;
      line_start = at + 1;
    }
    at += length;
  }
}

}  // namespace migrate
