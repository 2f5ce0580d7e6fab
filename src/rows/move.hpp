/// Rows from one table into another: read, brought to canonical text, looked at whether they fit, written in batches.
#pragma once

#include <functional>
#include <string>

#include "rows/side.hpp"

namespace migrate {

/// A row that could not be brought over.
struct RejectedRow {
  std::string table;
  std::string key;     ///< for people
  std::string column;  ///< "" where the server refused the whole row
  std::string value;   ///< for people
  std::string why;

  [[nodiscard]] std::string text() const;
};

struct Moved {
  long long read = 0;
  long long written = 0;
  long long bytes = 0;
};

struct MoveOptions {
  bool report = false;                                       ///< go on behind a row that is rejected
  std::function<void(const RejectedRow&)> rejected;          ///< called for each, when `report`
  std::function<void(long long rows, long long bytes)> progress;  ///< from time to time, with what came since the last call
  /// Changes a row's values on their way (masks): it may put others in place of what the array holds.
  std::function<void(std::span<Field>)> change;
};

/// Moves the rows that `sql` reads from `source` into `target`, in the transaction that is open there. Throws Error (failed) for the
/// first row that does not fit, unless `report`.
[[nodiscard]] Moved move_rows(const TableSide& source, const TableSide& target, const std::string& sql, const ValueLimits& limits, const MoveOptions& options);

}  // namespace migrate
