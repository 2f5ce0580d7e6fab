/// The masks of a project: what its model says of columns, and over that what its masks file says.
#pragma once

#include "library/target.hpp"
#include "rows/mask.hpp"

namespace migrate {

/// `at`: a database of the project, whose engine says which sections of the model hold. Throws Error (usage) for a model or a file
/// that cannot be read.
[[nodiscard]] Masks project_masks(Target& at);

/// The secret that masked values depend on; "" when nobody has said one.
[[nodiscard]] std::string mask_key(const Config& config);

}  // namespace migrate
