#pragma once

#include "dialect/canonical.hpp"

namespace migrate::sqlite {

[[nodiscard]] const CanonicalFace& canonical_face();

}  // namespace migrate::sqlite
