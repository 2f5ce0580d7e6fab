#pragma once

#include "dialect/catalog.hpp"

namespace migrate::postgresql {

/// See CatalogFace::check_types.
[[nodiscard]] std::vector<ModelRemark> check_types(Connection& connection, const Schema& declared, const Schema& live);

}  // namespace migrate::postgresql
