#pragma once

#include "dialect/run.hpp"

namespace migrate::sqlite {

[[nodiscard]] const RunFace& run_face();

}  // namespace migrate::sqlite
