#pragma once

#include "dialect/sql.hpp"

namespace migrate::mysql {

[[nodiscard]] const SqlFace& sql_face();

}  // namespace migrate::mysql
