#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

/// See CatalogFace::check_types.
[[nodiscard]] std::vector<ModelRemark> check_types(Connection& connection, const ServerInfo& server, const Schema& declared, const Schema& live);

}  // namespace migrate::mysql
