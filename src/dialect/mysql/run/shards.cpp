#include "dialect/mysql/run/shards.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {

OnShards::~OnShards() {
  try {
    connection_.execute(use_shard(server_, ""));
  } catch (...) {  // the session is lost, and with it the shard that it was on
  }
}

void check_records_place(Connection& connection, const ServerInfo& server, const QualifiedName& table) {
  if (!is_vtgate(server)) return;
  auto keyspace = table.schema.empty() ? server.defaults.at("database") : table.schema;
  keyspace = keyspace.substr(0, keyspace.find_first_of(":@"));
  const auto all = first_column(connection.query("SHOW VITESS_SHARDS"));
  const auto of = [&](const std::string& name) {
    return std::count_if(all.begin(), all.end(), [&](const std::string& shard) { return shard.starts_with(name + "/"); });
  };
  if (of(keyspace) < 2) return;
  std::string other = "KEYSPACE";
  for (const auto& shard : all) {
    const auto name = shard.substr(0, shard.find('/'));
    if (of(name) == 1) other = name;
  }
  throw Error{ErrorKind::usage, "the keyspace " + keyspace + " has " + std::to_string(of(keyspace)) + " shards: the versions table cannot be there",
              "name one in a keyspace without shards in migrate.yaml: `versions_table: " + other + "." + table.name + "`", {}};
}

std::string left_by_failed(const ServerInfo& server, const Statement& statement) {
  if (shards_of(server).empty() || classify_statement(statement.text, rules_of(statement, lexical_rules())) != StatementClass::definition) return {};
  return "it may have ended on some shards of the keyspace all the same: `migrate check` compares them; bring them to one state (USE `KEYSPACE:SHARD` changes one alone), and run "
         "the same command again";
}

}  // namespace migrate::mysql
