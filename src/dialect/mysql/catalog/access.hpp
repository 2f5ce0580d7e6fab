/// Owners and privileges as the server has them.
#pragma once

#include <set>
#include <string>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

/// CatalogFace::read_access().
void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also);

/// Who has privileges on the objects of the schema, into `schema.rights`: MySQL and MariaDB forget them when an object is renamed, MySQL also when
/// a routine is made again. Who may not read that cannot give it back.
void read_object_rights(Connection& connection, Schema& schema);

}  // namespace migrate::mysql
