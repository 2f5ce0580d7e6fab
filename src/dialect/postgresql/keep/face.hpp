#pragma once

#include "dialect/keep.hpp"

namespace migrate::postgresql {

[[nodiscard]] const KeepFace& keep_face();

}  // namespace migrate::postgresql
