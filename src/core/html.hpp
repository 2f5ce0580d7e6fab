/// Text inside HTML.
#pragma once

#include <string>
#include <string_view>

#include "core/text.hpp"

namespace migrate {

/// The text as it shows on a page: nothing in it is markup, in an attribute's quotes either, and what moves a cursor is escaped.
[[nodiscard]] inline std::string html_text(std::string_view text) {
  std::string out;
  for (const char c : printable(text)) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace migrate
