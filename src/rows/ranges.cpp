#include "rows/ranges.hpp"

#include <fmt/format.h>

#include "core/text.hpp"
#include "rows/checksum.hpp"

namespace migrate {
namespace {

/// Numbers for each row, with those that are missing.
constexpr long long most_gaps = 2;

}  // namespace

std::string condition_of(const TableSide& side, const KeyRange& range) {
  std::string text;
  if (range.from) text = at_or_behind(side, *range.from);
  if (range.to) text += (text.empty() ? "" : " AND ") + before(side, *range.to);
  return text;
}

namespace {

/// A key of one column whose whole numbers lie close together is cut without looking at all of them.
std::optional<std::vector<KeyRange>> even_ranges(const TableSide& side, long long rows) {
  if (side.key.size() != 1 || side.key[0].own.kind != ValueType::Kind::integer || side.key[0].native || side.key[0].own.is_unsigned) return std::nullopt;
  const auto count = count_rows(side);
  if (count <= rows) return std::vector<KeyRange>{{}};
  const auto name = side.quoted(side.key[0].name);
  const auto row = side.connection->query(fmt::format("SELECT min({0}), max({0}) FROM {1}", name, side.from())).rows.at(0);
  const auto whole = [](const Value& value) { return value && value->size() < 18 && value->find_first_not_of("-0123456789") == std::string::npos; };
  if (!whole(row.at(0)) || !whole(row.at(1))) return std::nullopt;
  const auto first = std::stoll(*row[0]);
  const auto last = std::stoll(*row[1]);
  if ((last - first) / most_gaps > count) return std::nullopt;
  const auto parts = (count + rows - 1) / rows;
  const auto width = (last - first) / parts + 1;
  std::vector<KeyRange> ranges{{}};
  for (auto place = first + width; place <= last; place += width) {
    ranges.back().to = KeyValues{std::to_string(place)};
    ranges.push_back({.from = ranges.back().to, .to = {}});
  }
  return ranges;
}

}  // namespace

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
  if (auto even = even_ranges(side, rows)) return *even;
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
