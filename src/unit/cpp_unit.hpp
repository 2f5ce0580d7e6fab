/// A compiled C++ unit in memory.
#pragma once

#include <filesystem>
#include <memory>

#include "migrate/unit.hpp"
#include "revision/revision.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {

class CppUnit {
 public:
  /// A unit that is linked into the program; null functions cannot be run.
  explicit CppUnit(const UnitEntry& entry) : entry_(entry) {}

  [[nodiscard]] bool is_reversible() const { return entry_.downgrade != nullptr; }

  /// Runs one of its functions. What it throws comes out as an Error that names the unit. A crash is reported with the
  /// unit's name and ends the process (exit code 1): the database rolls back, or is as after the last finished statement.
  void run(const Revision& revision, Direction direction, Operations& op) const;

 private:
  UnitEntry entry_;
};

/// Loads a compiled unit. Throws Error (failed) when it was built for another version of migrate or another standard library.
[[nodiscard]] std::shared_ptr<const CppUnit> load_unit(const std::filesystem::path& object, const Revision& revision);

/// Checks what `entry` was built for. Throws Error (failed).
void check_abi(const UnitEntry& entry, const Revision& revision);

}  // namespace migrate
