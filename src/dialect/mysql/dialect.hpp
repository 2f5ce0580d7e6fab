#pragma once

#include "dialect/dialect.hpp"

namespace migrate::mysql {

/// The dialect of MySQL 8 and MariaDB 10.5 to 11.
[[nodiscard]] const Dialect& dialect();

}  // namespace migrate::mysql
