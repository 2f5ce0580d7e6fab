/// Checksums of rows, computed in the server over canonical values: equal on all engines for equal rows, in whatever order they stand.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "rows/side.hpp"

namespace migrate {

struct Checksum {
  long long rows = 0;
  std::string sum;  ///< of the rows' numbers, in decimal; "" where rows were counted only

  bool operator==(const Checksum&) const = default;
};

/// Of both together.
[[nodiscard]] Checksum add(const Checksum& a, const Checksum& b);

/// The number of each row as an SQL expression, as all engines work it out.
[[nodiscard]] std::string row_number_sql(const TableSide& side, const std::vector<RowsColumn>& columns);

[[nodiscard]] Checksum checksum(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition = {});
[[nodiscard]] long long count_rows(const TableSide& side, const std::string& condition = {});

/// How rows are divided into buckets: by the first column of the key, a whole number, divided by `width`, so that the rows of a bucket stand side by side in its
/// index; where `width` is 0, by the remainder of the number of their key (of the whole row, where there is none) and `count`.
struct Division {
  long long count = 1;
  long long width = 0;
};

/// The checksum of each bucket; nothing when some row has no whole number to be divided.
[[nodiscard]] std::optional<std::map<long long, Checksum>> bucket_checksums(const TableSide& side, const std::vector<RowsColumn>& key, const std::vector<RowsColumn>& columns, const Division& division);

/// The condition that a row is in one of these buckets, which are in order.
[[nodiscard]] std::string in_buckets(const TableSide& side, const std::vector<RowsColumn>& key, const Division& division, const std::vector<long long>& chosen);

}  // namespace migrate
