#pragma once

#include "dialect/run.hpp"

namespace migrate::mysql {

[[nodiscard]] const RunFace& run_face();

}  // namespace migrate::mysql
