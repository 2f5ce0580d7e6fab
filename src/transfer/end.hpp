/// One end of a copy: a database with a session for definitions and others for rows.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "library/target.hpp"
#include "dialect/rows.hpp"
#include "rows/mask.hpp"
#include "rows/side.hpp"
#include "runner/run_lock.hpp"

namespace migrate {

class End {
 public:
  /// `reads`: nothing is written there, nor made where it is not there.
  End(Target& target, bool reads) : target_(target), reads_(reads) {}

  [[nodiscard]] Session& session() { return target_.session(); }
  [[nodiscard]] const Dialect& dialect() { return target_.dialect(); }
  [[nodiscard]] const ServerInfo& server() { return target_.session().server(); }
  [[nodiscard]] std::string shown() { return target_.url().display(); }
  [[nodiscard]] Target& target() { return target_; }

  /// A new session for rows.
  [[nodiscard]] std::unique_ptr<RowsConnection> open_rows();
  /// Where a copy keeps how far it is.
  [[nodiscard]] QualifiedName progress_table();
  /// Which own numbers of rows (RowNumbers) it gives.
  [[nodiscard]] const std::string& own_numbers();
  /// What is there, with partitions; without what a copy keeps, and what belongs to one runner only.
  [[nodiscard]] Schema inspect();

 private:
  Target& target_;
  bool reads_;
  std::optional<std::string> own_numbers_;
};

/// The lock of a run on a database that is written to: no `upgrade` and no other copy works on it meanwhile, and one that was cut off
/// has ended on the server too before another goes on.
class EndLock {
 public:
  /// Takes it; `tell` hears of whoever has it. Throws Error (locked) when it is not ours in time.
  EndLock(End& end, const std::function<void(const std::string&)>& tell);
  /// Holds on to it in a session for rows too, the only one.
  void follow(Connection& rows) { lock_.follow(rows); }

 private:
  RunOptions options_;
  HeldLock lock_;
};

/// A table of both ends.
struct TablePair {
  Table source;
  Table target;
  TableSide from;  ///< without a connection: each worker puts in its own
  TableSide to;
  std::vector<std::optional<Mask>> masks;  ///< of the columns; empty: none
  std::vector<std::size_t> key;  ///< places of key columns among the columns; empty where rows cannot be told apart
};

/// Columns that both have and that are not computed; the columns of the target say what they can hold.
[[nodiscard]] TablePair pair_tables(End& source, const Schema& source_schema, const Table& source_table, End& target, const Schema& target_schema, const Table& target_table);

}  // namespace migrate
