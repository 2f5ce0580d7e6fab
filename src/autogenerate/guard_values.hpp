/// Rows whose values a change does not take.
#pragma once

#include "autogenerate/autogenerate.hpp"

namespace migrate {

/// Counts the rows that hold a value which goes from an enum, or which a column that becomes an enum or gets a list of values as its check
/// does not take, and puts a question before the change: what they should hold. One round trip, only where there is such a change.
void guard_values(Difference& difference, const Dialect& dialect, Connection& connection);

}  // namespace migrate
