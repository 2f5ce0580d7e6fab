/// What a server is and can do.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

[[nodiscard]] ServerInfo probe_server(Connection& connection);

/// What a server of that URL's scheme is as a rule: a MariaDB 10.11 or a MySQL 8.
[[nodiscard]] ServerInfo assumed_server(const DatabaseUrl& url);

}  // namespace migrate::mysql
