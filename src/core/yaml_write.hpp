/// YAML as it is written: a tree, and the text of it by yaml-cpp's emitter.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace migrate::yaml {

struct Written {
  enum class Kind {
    text,   ///< reads back as this very text: in quotes where that is needed, as a block where asked for and possible
    word,   ///< a number, true, false or null, as it is
    list,   ///< in one line: [a, b]
    flow,   ///< a map in one line: {a: 1, b: 2}
    map     ///< a map with a line for each key
  };

  Kind kind = Kind::text;
  std::string scalar;
  bool block = false;  ///< a text of several lines is written as such
  std::vector<Written> items;
  std::vector<std::pair<std::string, Written>> keys;

  [[nodiscard]] bool is_empty() const { return scalar.empty() && items.empty() && keys.empty(); }
  void add(std::string key, Written value) { keys.emplace_back(std::move(key), std::move(value)); }
};

[[nodiscard]] Written text(std::string value);
/// Over several lines as a block, where that reads back the same.
[[nodiscard]] Written block(std::string value);
[[nodiscard]] Written word(std::string value);
[[nodiscard]] Written list(const std::vector<std::string>& texts);
[[nodiscard]] Written list(std::vector<Written> items);

/// The text of a map with a line for each key.
[[nodiscard]] std::string write(const Written& document);

/// A scalar as YAML that reads back as the same text: plain where that is safe, else in double quotes.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace migrate::yaml
