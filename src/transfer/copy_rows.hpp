/// The rows of a copy: tables in ranges, by several workers, each range recorded with its rows.
#pragma once

#include <functional>
#include <vector>

#include "rows/differences.hpp"
#include "rows/progress.hpp"
#include "transfer/copy.hpp"
#include "transfer/end.hpp"

namespace migrate {

/// The source at one moment: sessions that all see it.
class Snapshot {
 public:
  /// `wanted`: how many sessions shall see it; there are fewer where the engine cannot, or the role may not, which `tell` hears.
  explicit Snapshot(End& source, std::size_t wanted = 1, const std::function<void(const std::string&)>& tell = {});

  [[nodiscard]] RowsConnection& first() { return *readers_.front(); }
  /// Sessions for so many workers, or fewer where there are fewer.
  [[nodiscard]] std::vector<RowsConnection*> readers(std::size_t wanted);

 private:
  std::vector<std::unique_ptr<RowsConnection>> readers_;
};

/// Rows that differ, for people ("users, id 17: column mail differs"), and how many of them a report names. `key`: places of its columns.
[[nodiscard]] std::string shown_difference(const TableSide& side, const std::vector<std::size_t>& key, const RowDifference& difference);
inline constexpr std::size_t most_listed_rows = 1000;

/// How many sessions move rows side by side.
[[nodiscard]] std::size_t jobs_of(const CopyOptions& options, const ServerInfo& target);

/// Copies what is not done yet and fills in the reports of the tables.
void copy_rows(End& source, Snapshot& snapshot, End& target, EndLock& lock, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report);

/// Compares the tables of both ends; fills in `verified` and `differences`, and lists rows that differ. `sums`: the source's checksums.
void verify_rows(Snapshot& snapshot, End& target, std::vector<TablePair>& pairs, const CopyProgress& progress, const CopyOptions& options, CopyEvents& events, CopyReport& report);

/// The columns whose values both servers can bring to one text; the others are compared here.
[[nodiscard]] std::vector<RowsColumn> digested(const TableSide& side, const TableSide& other);

}  // namespace migrate
