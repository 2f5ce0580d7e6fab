/// GRANT and REVOKE.
#pragma once

#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::mysql {

/// The statements that lead from what accounts had on an object to what they have. An object of the database in use needs no database's name.
[[nodiscard]] std::vector<std::string> access_sql(const SetAccess& op);

}  // namespace migrate::mysql
