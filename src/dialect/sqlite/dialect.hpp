/// SQLite 3.35 and later.
#pragma once

#include "dialect/dialect.hpp"

namespace migrate::sqlite {

[[nodiscard]] const Dialect& dialect();

}  // namespace migrate::sqlite
