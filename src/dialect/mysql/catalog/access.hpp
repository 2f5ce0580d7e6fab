/// Owners and privileges as the server has them.
#pragma once

#include <set>
#include <span>
#include <string>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

/// CatalogFace::read_access().
void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also);

/// What asks who has privileges on objects of this database: MySQL and MariaDB forget them when an object is renamed, MySQL also when a
/// routine is made again. Only for a session that may read them (`reads_rights` of the server's facts).
[[nodiscard]] std::span<const std::string> object_rights_queries();
/// Puts the answers into `schema.rights`, but for what the account in hand has: what it makes or renames is its own to use.
void take_object_rights(std::span<const Result> answers, const std::string& account, Schema& schema);

}  // namespace migrate::mysql
