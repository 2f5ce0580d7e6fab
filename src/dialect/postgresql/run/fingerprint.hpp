/// What the catalog says about all that a statement names.
#pragma once

#include "dialect/run.hpp"

namespace migrate::postgresql {

[[nodiscard]] Fingerprint fingerprint(Connection& connection, const Statement& statement);

}  // namespace migrate::postgresql
