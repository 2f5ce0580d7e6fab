#pragma once

#include "dialect/measure.hpp"

namespace migrate::postgresql {

[[nodiscard]] const MeasureFace& measure_face();

}  // namespace migrate::postgresql
