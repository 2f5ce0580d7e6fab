/// What the catalog says about all that a statement names.
#pragma once

#include "dialect/run.hpp"

namespace migrate::mysql {

[[nodiscard]] Fingerprint take_fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement);

}  // namespace migrate::mysql
