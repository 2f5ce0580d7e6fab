#pragma once

#include "dialect/canonical.hpp"

namespace migrate::postgresql {

[[nodiscard]] const CanonicalFace& canonical_face();

}  // namespace migrate::postgresql
