/// BEGIN and COMMIT that stand in a unit: the runner's own transactions take their place.
#pragma once

#include "dialect/dialect.hpp"
#include "runner/step.hpp"

namespace migrate {

/// Takes the transaction statements out of a step. In a unit that runs in one transaction that is a BEGIN in front and a
/// COMMIT at the end; where statements run one by one, every pair, and what stands between a pair becomes one of
/// `step.blocks` where a transaction holds for all of it. Throws Error (usage) with file and line for what would tear the
/// unit apart: a COMMIT in the middle, a ROLLBACK, a savepoint that is not there.
void absorb_transactions(Step& step, const Dialect& dialect, bool transactional_ddl);

}  // namespace migrate
