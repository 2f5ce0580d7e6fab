#pragma once

#include "dialect/measure.hpp"

namespace migrate::sqlite {

[[nodiscard]] const MeasureFace& measure_face();

}  // namespace migrate::sqlite
