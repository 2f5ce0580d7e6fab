/// Checksums of rows, computed in the server over canonical values: equal on all engines for equal rows, in whatever order they stand.
#pragma once

#include <functional>
#include <map>
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

/// The number of each row as an SQL expression.
[[nodiscard]] std::string row_number_sql(const TableSide& side, const std::vector<RowsColumn>& columns);

[[nodiscard]] Checksum checksum(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition = {});
[[nodiscard]] long long count_rows(const TableSide& side, const std::string& condition = {});

/// The checksum of each bucket: rows are spread over `buckets` by the number of their key (or of the whole row, where there is none).
[[nodiscard]] std::map<long long, Checksum> bucket_checksums(const TableSide& side, const std::vector<RowsColumn>& key, const std::vector<RowsColumn>& columns, long long buckets);

/// The condition that a row is in one of these buckets.
[[nodiscard]] std::string in_buckets(const TableSide& side, const std::vector<RowsColumn>& key, long long buckets, const std::vector<long long>& chosen);

}  // namespace migrate
