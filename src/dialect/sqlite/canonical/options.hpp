#pragma once

#include "dialect/canonical.hpp"

namespace migrate::sqlite {

/// See CanonicalFace::known_options.
[[nodiscard]] const KnownOptions& known_options();

}  // namespace migrate::sqlite
