#include "rows/checksum.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace migrate {
namespace {

__extension__ using Wide = unsigned __int128;
__extension__ using Signed = __int128;

Wide wide(const std::string& text) {
  Wide number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') break;
    number = number * 10 + static_cast<unsigned>(c - '0');
  }
  return number;
}

std::string decimal(Wide number) {
  std::string text;
  do {
    text += static_cast<char>('0' + static_cast<int>(number % 10));
    number /= 10;
  } while (number != 0);
  std::reverse(text.begin(), text.end());
  return text;
}

std::string total(const Value& high, const Value& low) { return decimal((wide(high.value_or("0")) << 30) + wide(low.value_or("0"))); }

std::string where(const std::string& condition) { return condition.empty() ? "" : " WHERE " + condition; }

/// The whole numbers whose quotient is the bucket's, first and last: quotients are cut towards zero.
std::pair<long long, long long> range_of(long long bucket, long long width) {
  constexpr Signed smallest = std::numeric_limits<long long>::min();
  constexpr Signed largest = std::numeric_limits<long long>::max();
  const auto first = bucket > 0 ? Signed(bucket) * width : (Signed(bucket) - 1) * width + 1;
  const auto last = bucket < 0 ? Signed(bucket) * width : (Signed(bucket) + 1) * width - 1;
  return {static_cast<long long>(std::max(first, smallest)), static_cast<long long>(std::min(last, largest))};
}

}  // namespace

Checksum add(const Checksum& a, const Checksum& b) {
  return {a.rows + b.rows, a.sum.empty() && b.sum.empty() ? "" : decimal(wide(a.sum) + wide(b.sum))};
}

std::string row_number_sql(const TableSide& side, const std::vector<RowsColumn>& columns) { return side.rows().row_number(columns, RowNumbers::common); }

Checksum checksum(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition) {
  const auto [high, low] = side.rows().sum_expressions("h");
  const auto result = side.connection->query(fmt::format("SELECT count(*), {}, {} FROM (SELECT {} AS h FROM {}{}) rows_of_table", high, low, side.rows().row_number(columns, side.numbers), side.from(), where(condition)));
  const auto& row = result.rows.at(0);
  return {std::stoll(row.at(0).value_or("0")), total(row.at(1), row.at(2))};
}

long long count_rows(const TableSide& side, const std::string& condition) {
  return std::stoll(side.connection->query(fmt::format("SELECT count(*) FROM {}{}", side.from(), where(condition))).rows.at(0).at(0).value_or("0"));
}

std::optional<std::map<long long, Checksum>> bucket_checksums(const TableSide& side, const std::vector<RowsColumn>& key, const std::vector<RowsColumn>& columns, const Division& division) {
  const auto [high, low] = side.rows().sum_expressions("h");
  const auto number = side.rows().row_number(columns, side.numbers);
  const auto bucket = division.width > 0 ? side.rows().quotient(key.at(0).name, division.width)
                                         : fmt::format("{} % {}", key.empty() ? number : side.rows().row_number(key, side.numbers), division.count);
  const auto result = side.connection->query(fmt::format("SELECT b, count(*), {}, {} FROM (SELECT {} AS b, {} AS h FROM {}) rows_of_table GROUP BY b", high, low, bucket, number, side.from()));
  std::map<long long, Checksum> sums;
  for (const auto& row : result.rows) {
    if (!row.at(0)) return std::nullopt;
    sums.emplace(std::stoll(*row.at(0)), Checksum{std::stoll(row.at(1).value_or("0")), total(row.at(2), row.at(3))});
  }
  return sums;
}

std::string in_buckets(const TableSide& side, const std::vector<RowsColumn>& key, const Division& division, const std::vector<long long>& chosen) {
  std::string list;
  if (division.width == 0) {
    for (const auto bucket : chosen) list += (list.empty() ? "" : ", ") + std::to_string(bucket);
    return fmt::format("{} % {} IN ({})", side.rows().row_number(key, side.numbers), division.count, list);
  }
  const auto name = side.quoted(key.at(0).name);
  for (std::size_t i = 0; i < chosen.size();) {
    auto end = i + 1;
    while (end < chosen.size() && chosen[end] == chosen[end - 1] + 1) ++end;
    list += fmt::format("{}{} BETWEEN {} AND {}", list.empty() ? "" : " OR ", name, range_of(chosen[i], division.width).first, range_of(chosen[end - 1], division.width).second);
    i = end;
  }
  return list;
}

}  // namespace migrate
