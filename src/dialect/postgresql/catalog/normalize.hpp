#pragma once

#include "dialect/catalog.hpp"

namespace migrate::postgresql {

[[nodiscard]] Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared,
                               const Schema& live);

}  // namespace migrate::postgresql
