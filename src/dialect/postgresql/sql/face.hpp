#pragma once

#include "dialect/sql.hpp"

namespace migrate::postgresql {

[[nodiscard]] const SqlFace& sql_face();

}  // namespace migrate::postgresql
