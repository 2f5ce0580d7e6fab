/// Definitions as the server would store them.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

/// CatalogFace::normalize().
[[nodiscard]] Schema normalize_objects(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared, const Schema& live);

}  // namespace migrate::mysql
