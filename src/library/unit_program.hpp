/// C++ units as steps.
#pragma once

#include <memory>
#include <string>

#include "library/operations_context.hpp"
#include "unit/cpp_unit.hpp"

namespace migrate {

/// Makes `step` run the unit. `behind`: the revision that runs in front of it in the same run, or "".
void set_program(Step& step, std::shared_ptr<const CppUnit> unit, UnitEnvironment& environment, const std::string& behind);

/// Writes down the statements of a step's program in place of running it: for scripts and plans. Throws Error (usage) where
/// the program has to ask the database.
void record_program(Step& step);

/// A unit that holds only the way back, for the row: header and `downgrade` section.
[[nodiscard]] std::string kept_downgrade(const Revision& revision, const std::string& sql, bool none);

}  // namespace migrate
