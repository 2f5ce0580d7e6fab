#pragma once

#include "dialect/catalog.hpp"

namespace migrate::postgresql {

[[nodiscard]] const CatalogFace& catalog_face();

}  // namespace migrate::postgresql
