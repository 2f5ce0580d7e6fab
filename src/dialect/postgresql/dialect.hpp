#pragma once

#include "dialect/dialect.hpp"

namespace migrate::postgresql {

/// PostgreSQL 12 to 17.
[[nodiscard]] const Dialect& dialect();

}  // namespace migrate::postgresql
