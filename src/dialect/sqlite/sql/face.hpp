#pragma once

#include "dialect/sql.hpp"

namespace migrate::sqlite {

[[nodiscard]] const SqlFace& sql_face();

}  // namespace migrate::sqlite
