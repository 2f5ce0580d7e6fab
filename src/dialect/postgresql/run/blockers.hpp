/// Who stands in the way of a statement.
#pragma once

#include <string>
#include <vector>

#include "dialect/run.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement);

}  // namespace migrate::postgresql
