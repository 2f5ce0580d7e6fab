/// What git leaves in a file that two branches have changed.
#pragma once

#include <string_view>

namespace migrate {

/// The line of the first "<<<<<<< " that starts a line; 0 when there is none.
[[nodiscard]] inline int conflict_line(std::string_view text) {
  int line = 1;
  for (std::size_t at = 0; at < text.size(); ++line) {
    if (text.substr(at).starts_with("<<<<<<< ")) return line;
    const auto end = text.find('\n', at);
    if (end == std::string_view::npos) break;
    at = end + 1;
  }
  return 0;
}

}  // namespace migrate
