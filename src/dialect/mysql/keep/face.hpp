#pragma once

#include "dialect/keep.hpp"

namespace migrate::mysql {

[[nodiscard]] const KeepFace& keep_face();

}  // namespace migrate::mysql
