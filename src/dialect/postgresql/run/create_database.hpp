/// A database made like another.
#pragma once

#include <string>
#include <vector>

#include "dialect/connection.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::vector<std::string> create_database_sql(Connection& like, const std::string& name);

}  // namespace migrate::postgresql
