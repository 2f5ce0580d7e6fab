/// What the engine is and can do.
#pragma once

#include "dialect/server.hpp"

namespace migrate::sqlite {

/// The server is the library that is linked in. Throws Error when that is too old.
[[nodiscard]] ServerInfo linked_library();

}  // namespace migrate::sqlite
