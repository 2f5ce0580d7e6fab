#pragma once

#include "dialect/run.hpp"

namespace migrate::sqlite {

[[nodiscard]] Fingerprint fingerprint(Connection& connection, const Statement& statement);

}  // namespace migrate::sqlite
