#pragma once

#include "dialect/catalog.hpp"

namespace migrate::sqlite {

[[nodiscard]] const CatalogFace& catalog_face();

}  // namespace migrate::sqlite
