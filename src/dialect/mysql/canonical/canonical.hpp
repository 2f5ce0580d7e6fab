/// A declared schema in the server's own terms.
#pragma once

#include "dialect/server.hpp"

namespace migrate::mysql {

void canonicalize_schema(Schema& declared, const ServerInfo& server);

}  // namespace migrate::mysql
