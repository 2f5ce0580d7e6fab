/// Online schema changes of Vitess: DDL is queued, and carried out in the background on every shard.
#pragma once

#include <string>

#include "dialect/run.hpp"

namespace migrate::mysql {

/// RunFace::run_online(): `how` is a value of @@ddl_strategy.
void run_online(Connection& connection, const ServerInfo& server, const std::string& statement, const std::string& how, const std::string& context);

/// RunFace::await_online().
void await_online(Connection& connection, const ServerInfo& server, const std::string& context);

}  // namespace migrate::mysql
