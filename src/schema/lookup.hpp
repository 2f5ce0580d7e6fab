/// Finding things in a Schema by name.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/schema.hpp"

namespace migrate {

/// The element of that name, or null. Works for parts of tables (by `std::string`) and for objects (by QualifiedName).
template <class T, class N>
[[nodiscard]] const T* find_named(const std::vector<T>& items, const N& name) {
  const auto it = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.name == name; });
  return it == items.end() ? nullptr : &*it;
}
template <class T, class N>
[[nodiscard]] T* find_named(std::vector<T>& items, const N& name) {
  return const_cast<T*>(find_named(std::as_const(items), name));
}

/// The names of the plain columns among index parts.
[[nodiscard]] inline std::vector<std::string> column_names(const std::vector<IndexPart>& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) {
    if (!part.column.empty()) names.push_back(part.column);
  }
  return names;
}

/// Index parts over plain columns.
[[nodiscard]] inline std::vector<IndexPart> parts_of(const std::vector<std::string>& columns) {
  std::vector<IndexPart> parts;
  for (const auto& column : columns) parts.push_back({.column = column});
  return parts;
}

}  // namespace migrate
