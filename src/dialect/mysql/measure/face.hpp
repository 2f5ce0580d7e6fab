#pragma once

#include "dialect/measure.hpp"

namespace migrate::mysql {

[[nodiscard]] const MeasureFace& measure_face();

}  // namespace migrate::mysql
