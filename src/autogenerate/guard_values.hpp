/// Rows whose values a change does not take.
#pragma once

#include "autogenerate/autogenerate.hpp"

namespace migrate {

/// Counts the rows that hold a value which goes from an enum, or which a column that becomes an enum or gets a list of values as its check
/// does not take, and puts a question before the change: what they should hold. Where `answers` say it, their values are mapped: by an UPDATE, by
/// values of the type that are renamed, or both. One round trip, only where there is such a change.
void guard_values(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers);

/// Asks the engine whether the values that are there can take the types that their columns get, and whether there is a cast at all, and puts a
/// question to the change where not, unless a value map answers it. One query a column that the engine has to convert by an expression.
void guard_conversions(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers);

}  // namespace migrate
