/// A table in ranges of its key, each of which is read and written by itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "rows/side.hpp"

namespace migrate {

/// From a place (that is part of it) to another (that is not); nothing is no bound.
struct KeyRange {
  std::optional<KeyValues> from;
  std::optional<KeyValues> to;

  bool operator==(const KeyRange&) const = default;
};

/// The condition that a row is in the range; "" for all rows.
[[nodiscard]] std::string condition_of(const TableSide& side, const KeyRange& range);

/// Ranges of about so many rows, which cover every row there is or will be. One without bounds where the table has no key.
[[nodiscard]] std::vector<KeyRange> plan_ranges(const TableSide& side, long long rows);

/// A place of a key as text, and back; "" is no bound.
[[nodiscard]] std::string write_place(const std::optional<KeyValues>& place);
[[nodiscard]] std::optional<KeyValues> read_place(const std::string& text);

}  // namespace migrate
