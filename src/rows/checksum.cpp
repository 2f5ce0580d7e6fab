#include "rows/checksum.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace migrate {
namespace {

__extension__ using Wide = unsigned __int128;

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

std::vector<std::string> digests(const TableSide& side, const std::vector<RowsColumn>& columns) {
  std::vector<std::string> list;
  for (const auto& column : columns) list.push_back(side.rows().digest_expression(column));
  if (list.empty()) list.emplace_back("'~'");
  return list;
}

}  // namespace

Checksum add(const Checksum& a, const Checksum& b) {
  return {a.rows + b.rows, a.sum.empty() && b.sum.empty() ? "" : decimal(wide(a.sum) + wide(b.sum))};
}

std::string row_number_sql(const TableSide& side, const std::vector<RowsColumn>& columns) { return side.rows().hash_expression(digests(side, columns)); }

Checksum checksum(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition) {
  const auto [high, low] = side.rows().sum_expressions("h");
  const auto result = side.connection->query(fmt::format("SELECT count(*), {}, {} FROM (SELECT {} AS h FROM {}{}) rows_of_table", high, low, row_number_sql(side, columns), side.from(), where(condition)));
  const auto& row = result.rows.at(0);
  return {std::stoll(row.at(0).value_or("0")), total(row.at(1), row.at(2))};
}

long long count_rows(const TableSide& side, const std::string& condition) {
  return std::stoll(side.connection->query(fmt::format("SELECT count(*) FROM {}{}", side.from(), where(condition))).rows.at(0).at(0).value_or("0"));
}

std::map<long long, Checksum> bucket_checksums(const TableSide& side, const std::vector<RowsColumn>& key, const std::vector<RowsColumn>& columns, long long buckets) {
  const auto [high, low] = side.rows().sum_expressions("h");
  const auto number = row_number_sql(side, columns);
  const auto bucket = key.empty() ? number : row_number_sql(side, key);
  const auto result = side.connection->query(fmt::format("SELECT b, count(*), {}, {} FROM (SELECT {} % {} AS b, {} AS h FROM {}) rows_of_table GROUP BY b", high, low, bucket, buckets, number, side.from()));
  std::map<long long, Checksum> sums;
  for (const auto& row : result.rows) sums.emplace(std::stoll(row.at(0).value_or("0")), Checksum{std::stoll(row.at(1).value_or("0")), total(row.at(2), row.at(3))});
  return sums;
}

std::string in_buckets(const TableSide& side, const std::vector<RowsColumn>& key, long long buckets, const std::vector<long long>& chosen) {
  std::string list;
  for (const auto bucket : chosen) list += (list.empty() ? "" : ", ") + std::to_string(bucket);
  return fmt::format("{} % {} IN ({})", row_number_sql(side, key), buckets, list);
}

}  // namespace migrate
