/// The rows of a copy: tables in ranges, by several workers, each range recorded with its rows.
#pragma once

#include <vector>

#include "rows/progress.hpp"
#include "transfer/copy.hpp"
#include "transfer/end.hpp"

namespace migrate {

/// The source at one moment: sessions that all see it.
class Snapshot {
 public:
  explicit Snapshot(End& source);

  [[nodiscard]] RowsConnection& first() { return *readers_.front(); }
  /// Sessions for so many workers, or fewer where the engine cannot let several see one moment.
  [[nodiscard]] std::vector<RowsConnection*> readers(std::size_t wanted);

 private:
  End& source_;
  std::string name_;
  std::vector<std::unique_ptr<RowsConnection>> readers_;
};

/// Copies what is not done yet and fills in the reports of the tables.
void copy_rows(End& source, Snapshot& snapshot, End& target, EndLock& lock, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report);

/// Compares the tables of both ends; fills in `verified` and `differences`, and lists rows that differ. `sums`: the source's checksums.
void verify_rows(Snapshot& snapshot, End& target, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report);

/// The columns whose values both servers can bring to one text; the others are compared here.
[[nodiscard]] std::vector<RowsColumn> digested(const TableSide& side, const TableSide& other);

}  // namespace migrate
