#pragma once

#include "dialect/run.hpp"

namespace migrate::postgresql {

[[nodiscard]] const RunFace& run_face();

}  // namespace migrate::postgresql
