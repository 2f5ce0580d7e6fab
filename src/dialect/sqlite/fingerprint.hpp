#pragma once

#include "dialect/dialect.hpp"

namespace migrate::sqlite {

[[nodiscard]] Fingerprint fingerprint(Connection& connection, const Statement& statement);

}  // namespace migrate::sqlite
