#pragma once

#include "dialect/catalog.hpp"

namespace migrate::sqlite {

/// See CatalogFace::check_types.
[[nodiscard]] std::vector<ModelRemark> check_types(const Schema& declared, const Schema& live);

}  // namespace migrate::sqlite
