/// What has to stand around a unit's transaction.
#pragma once

#include <vector>

#include "dialect/run.hpp"

namespace migrate::sqlite {

/// RunFace::frame_unit().
[[nodiscard]] UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection);

}  // namespace migrate::sqlite
