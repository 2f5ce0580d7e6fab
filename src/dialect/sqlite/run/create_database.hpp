/// A database made like another.
#pragma once

#include <string>
#include <vector>

#include "dialect/connection.hpp"

namespace migrate::sqlite {

[[nodiscard]] std::vector<std::string> create_database_sql(Connection& like);

}  // namespace migrate::sqlite
