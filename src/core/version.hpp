/// The version of this program and library.
#pragma once

#include <string>

namespace migrate {

/// "0.2.0": of the sources.
[[nodiscard]] std::string tool_version();

/// Short id of the commit that it was built from; empty where the build was not told (scripts/package tells it).
[[nodiscard]] std::string tool_commit();

}  // namespace migrate
