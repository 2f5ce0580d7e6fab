/// Keyspaces of Vitess.
#pragma once

#include <string>
#include <vector>

#include "dialect/server.hpp"

namespace migrate::mysql {

/// The shards of the session's keyspace: {"-80", "80-"}; empty where it has one only, and on servers of their own.
[[nodiscard]] std::vector<std::string> shards_of(const ServerInfo& server);

/// "USE `app:-80`": the session's statements go to that shard alone; "" for the whole keyspace again.
[[nodiscard]] std::string use_shard(const ServerInfo& server, const std::string& shard);

/// Whether it is a vtgate that told its keyspace's shards; what only calls itself one knows none of Vitess' words.
[[nodiscard]] bool is_vtgate(const ServerInfo& server);

/// Tables that Vitess makes for itself: what online schema changes leave for a while.
[[nodiscard]] bool is_of_vitess(const ServerInfo& server, const std::string& table);

}  // namespace migrate::mysql
