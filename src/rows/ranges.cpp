#include "rows/ranges.hpp"

#include <fmt/format.h>

#include "core/text.hpp"

namespace migrate {

std::string condition_of(const TableSide& side, const KeyRange& range) {
  std::string text;
  if (range.from) text = at_or_behind(side, *range.from);
  if (range.to) text += (text.empty() ? "" : " AND ") + before(side, *range.to);
  return text;
}

std::vector<KeyRange> plan_ranges(const TableSide& side, long long rows) {
  std::vector<KeyRange> ranges{{}};
  if (side.key.empty()) return ranges;
  std::string names;
  std::string outer;
  for (const auto& column : side.key) {
    names += (names.empty() ? "" : ", ") + side.quoted(column.name);
    outer += (outer.empty() ? "" : ", ") + side.rows().read_expression(column);
  }
  const auto sql = fmt::format("SELECT {} FROM (SELECT {}, row_number() OVER (ORDER BY {}) AS migrate_n FROM {}) numbered WHERE migrate_n % {} = 0 ORDER BY migrate_n", outer, names, names,
                               side.from(), rows);
  const auto split_at = [&](Fields place) {
    KeyValues values;
    for (const auto& field : place) values.push_back(field.is_null() ? Value() : Value(std::string(field.text)));
    ranges.back().to = values;
    ranges.push_back({.from = std::move(values), .to = {}});
  };
  // A key that cannot be told (mixed types in it) is one range.
  bool told = true;
  read_canonical(side, side.key, sql, split_at, [&](Fields, const ReadRefusal&) { told = false; });
  return told ? ranges : std::vector<KeyRange>{{}};
}

std::string write_place(const std::optional<KeyValues>& place) {
  if (!place) return "";
  std::string text;
  for (const auto& value : *place) text += (text.empty() ? "" : ",") + (value ? "x" + to_hex(*value) : std::string("n"));
  return text;
}

std::optional<KeyValues> read_place(const std::string& text) {
  if (text.empty()) return std::nullopt;
  KeyValues values;
  for (const auto& part : split(text, ',')) values.push_back(part == "n" ? Value() : Value(from_hex(std::string_view(part).substr(1))));
  return values;
}

}  // namespace migrate
