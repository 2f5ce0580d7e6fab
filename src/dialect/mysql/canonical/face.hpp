#pragma once

#include "dialect/canonical.hpp"

namespace migrate::mysql {

[[nodiscard]] const CanonicalFace& canonical_face();

}  // namespace migrate::mysql
