/// What a server is and can do.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::postgresql {

[[nodiscard]] ServerInfo probe_server(Connection& connection);

/// What a server of that URL's scheme is as a rule.
[[nodiscard]] ServerInfo assumed_server(const DatabaseUrl& url);

}  // namespace migrate::postgresql
