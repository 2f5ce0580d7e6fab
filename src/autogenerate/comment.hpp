#pragma once

#include <string>
#include <string_view>

#include "core/text.hpp"

namespace migrate {

/// The text as lines of comment of about 110 bytes, each behind `mark`. Line ends in it are blanks: none can end the comment.
inline std::string comment(const std::string& text, std::string_view mark) {
  std::string out;
  std::string line;
  for (const auto& word : split(replace_all(text, "\n", " "), ' ')) {
    if (!line.empty() && line.size() + word.size() > 110) {
      out.append(mark).append(line).append("\n");
      line.clear();
    }
    line += (line.empty() ? "" : " ") + word;
  }
  return out.append(mark).append(line).append("\n");
}

}  // namespace migrate
