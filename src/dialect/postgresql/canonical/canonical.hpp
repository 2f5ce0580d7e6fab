#pragma once

#include <set>
#include <string>

#include "dialect/server.hpp"

namespace migrate::postgresql {

/// Brings a declared schema to PostgreSQL's terms without asking the server. What it returns for a schema that
/// inspection made is that schema.
void canonicalize(Schema& declared, const ServerInfo& server);

/// The identity of an overload, read from the CREATE statement: "integer, text".
[[nodiscard]] std::string routine_arguments(const std::string& definition, const std::set<std::string>& own,
                                            const std::string& default_schema);

}  // namespace migrate::postgresql
