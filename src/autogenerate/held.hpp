/// Asks a database how much is in what a model leaves out.
#pragma once

#include "autogenerate/rename.hpp"
#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Counts rows and values over `connection`, in one round trip however many places there are, and each up to a hundred thousand.
/// What the database refuses to tell is not known. `dialect` and `connection` have to outlive the counter.
[[nodiscard]] HeldCounter count_held(const Dialect& dialect, Connection& connection);

}  // namespace migrate
