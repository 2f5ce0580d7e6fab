/// Which rows two tables do not share, found by checksums of buckets, so that only what differs travels.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "rows/checksum.hpp"

namespace migrate {

struct RowDifference {
  enum class Kind { only_source, only_target, different };
  Kind kind;
  KeyValues key;           ///< in canonical text; of a table without a key the whole row
  std::string column;      ///< of a different row: the first column that differs
  long long times = 1;     ///< of a table without a key: how many more there are here than there
};

/// What is only in the source, only in the target, or different, by the key. Both sides have the same columns; `key` are columns of the
/// table, and without one rows are compared as a multiset. Values that engines only write differently are no difference.
/// `take` is called in no useful order; returns how many there are.
long long find_differences(const TableSide& source, const TableSide& target, const std::vector<std::size_t>& key, const std::function<void(const RowDifference&)>& take);

}  // namespace migrate
