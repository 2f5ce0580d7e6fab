/// What a model says of owners and privileges, in the engine's terms.
#pragma once

#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

/// CanonicalFace::canonicalize_access().
void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& live, const Location& location);

}  // namespace migrate::mysql
