/// Catalog to Schema.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

[[nodiscard]] Schema inspect_database(Connection& connection, const ServerInfo& server, const InspectOptions& options);

}  // namespace migrate::mysql
