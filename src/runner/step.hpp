/// A step: one revision in one direction, with what it will run.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "dialect/statement.hpp"
#include "revision/revision.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {

struct Step {
  Revision revision;
  Direction direction = Direction::upgrade;
  std::string checksum;                ///< of the unit, for its row
  std::vector<Statement> statements;
  std::string downgrade;               ///< SQL to go back, kept in the row of an upgrade
  bool transaction = true;             ///< false: every statement commits by itself
  /// Half-open ranges of statements that a unit without a transaction of its own puts into one (BEGIN ... COMMIT).
  std::vector<std::pair<std::size_t, std::size_t>> blocks;
};

}  // namespace migrate
