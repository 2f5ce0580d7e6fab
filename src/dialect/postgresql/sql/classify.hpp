/// What kind of statement a text is.
#pragma once

#include "dialect/statement.hpp"

namespace migrate::postgresql {

[[nodiscard]] StatementClass classify(const Statement& statement);

}  // namespace migrate::postgresql
