#pragma once

#include "dialect/catalog.hpp"

namespace migrate::mysql {

[[nodiscard]] const CatalogFace& catalog_face();

}  // namespace migrate::mysql
