/// Catalog to Schema.
#pragma once

#include "dialect/catalog.hpp"

namespace migrate::sqlite {

[[nodiscard]] Schema inspect(Connection& connection, const InspectOptions& options);

}  // namespace migrate::sqlite
