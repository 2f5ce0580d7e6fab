/// YAML as a plain tree that remembers where everything stood. Anchors, aliases and merge keys (`<<`) are resolved.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/error.hpp"

namespace migrate::yaml {

struct Node {
  enum class Kind { null, scalar, sequence, map };

  // Defined below the class: Clang 14 wants a pair's parts complete where it makes these itself.
  Node();
  Node(const Node&);
  Node(Node&&) noexcept;
  Node& operator=(const Node&);
  Node& operator=(Node&&) noexcept;
  ~Node();

  Kind kind = Kind::null;
  bool quoted = false;  ///< the scalar was written in quotes or as a block: never a number, boolean or null
  std::string scalar;
  std::vector<Node> items;                         ///< of a sequence
  std::vector<std::pair<std::string, Node>> keys;  ///< of a map, in file order; keys are unique
  std::vector<std::pair<int, int>> key_places;     ///< line and column of each key
  int line = 0;
  int column = 0;

  [[nodiscard]] const Node* find(std::string_view key) const;
  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] bool is_scalar() const { return kind == Kind::scalar; }
  [[nodiscard]] bool is_sequence() const { return kind == Kind::sequence; }
  [[nodiscard]] bool is_map() const { return kind == Kind::map; }
};

inline Node::Node() = default;
inline Node::Node(const Node&) = default;
inline Node::Node(Node&&) noexcept = default;
inline Node& Node::operator=(const Node&) = default;
inline Node& Node::operator=(Node&&) noexcept = default;
inline Node::~Node() = default;

/// Parses one document; an empty one is a null node. Throws Error (usage) with file, line and column.
[[nodiscard]] Node parse(std::string_view text, const std::string& file);

/// Whether a file of YAML can hold the text without escapes: no control characters, no marks that YAML takes for line breaks.
[[nodiscard]] bool holds_as_is(std::string_view text);

/// Whether a plain scalar of that text reads as null.
[[nodiscard]] bool is_null_word(std::string_view text);

}  // namespace migrate::yaml
