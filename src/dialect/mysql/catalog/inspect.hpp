/// Catalog to Schema.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

/// See CatalogFace::left_alone.
[[nodiscard]] std::vector<std::string> objects_left_alone(Connection& connection);

[[nodiscard]] Schema inspect_database(Connection& connection, const ServerInfo& server, const InspectOptions& options);

}  // namespace migrate::mysql
