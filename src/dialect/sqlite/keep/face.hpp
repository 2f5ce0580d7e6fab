#pragma once

#include "dialect/keep.hpp"

namespace migrate::sqlite {

[[nodiscard]] const KeepFace& keep_face();

}  // namespace migrate::sqlite
