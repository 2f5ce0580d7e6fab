/// Owners and privileges as the server has them.
#pragma once

#include <set>
#include <string>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// CatalogFace::read_access().
void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also);

}  // namespace migrate::postgresql
