/// BEGIN and COMMIT that stand in a unit: the runner's own transactions take their place.
#pragma once

#include "dialect/dialect.hpp"
#include "dialect/statement.hpp"
#include "runner/session.hpp"
#include "runner/step.hpp"

namespace migrate {

/// Takes the transaction statements out of a step. In a unit that runs in one transaction that is a BEGIN in front and a
/// COMMIT at the end; where statements run one by one, every pair, and what stands between a pair becomes one of
/// `step.blocks`. A statement that commits by itself there (DDL of MySQL) ends a block, and the next begins behind it. Throws
/// Error (usage) with file and line for what would tear the unit apart: a COMMIT in the middle of a unit that is one
/// transaction, a ROLLBACK that cannot undo what stands in front of it, a savepoint that is not there.
void absorb_transactions(Step& step, const Dialect& dialect, bool transactional_ddl);

/// How a transaction of the run begins: a first statement that sets its modes comes before the fence of a leased lock.
struct Opening {
  std::string begin;         ///< in front of the first statement
  std::string behind_first;
};
[[nodiscard]] Opening opening_of(const Session& session, const Statement& first);

}  // namespace migrate
