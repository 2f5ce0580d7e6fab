#include "dialect/mysql/sql/shards.hpp"

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

std::string fact(const ServerInfo& server, const char* name) {
  const auto it = server.defaults.find(name);
  return it == server.defaults.end() ? std::string{} : it->second;
}

}  // namespace

std::vector<std::string> shards_of(const ServerInfo& server) {
  // A URL that names one shard means that one.
  if (fact(server, "database").find(':') != std::string::npos) return {};
  auto shards = split(fact(server, "vitess_shards"), ',');
  if (shards.size() < 2) shards.clear();
  return shards;
}

std::string use_shard(const ServerInfo& server, const std::string& shard) {
  const auto keyspace = fact(server, "database");
  return "USE " + backtick(shard.empty() ? keyspace : keyspace + ":" + shard);
}

bool is_vtgate(const ServerInfo& server) { return !fact(server, "vitess_shards").empty(); }

bool is_of_vitess(const ServerInfo& server, const std::string& table) { return table.starts_with("_vt_") && server.defaults.contains("vitess"); }

}  // namespace migrate::mysql
