/// Work on the shards of a keyspace of Vitess, one by one.
#pragma once

#include <string>

#include "dialect/connection.hpp"
#include "dialect/mysql/sql/shards.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

/// A session that goes from shard to shard, and is given back to its keyspace whatever becomes of the work.
class OnShards {
 public:
  OnShards(Connection& connection, const ServerInfo& server) : connection_(connection), server_(server) {}
  OnShards(const OnShards&) = delete;
  OnShards& operator=(const OnShards&) = delete;
  ~OnShards();
  void enter(const std::string& shard) { connection_.execute(use_shard(server_, shard)); }

 private:
  Connection& connection_;
  const ServerInfo& server_;
};

/// RunFace::check_records_place(): a record is one row, which a sharded keyspace has no place for.
void check_records_place(Connection& connection, const ServerInfo& server, const QualifiedName& table);

/// RunFace::left_by_failed().
[[nodiscard]] std::string left_by_failed(const ServerInfo& server, const Statement& statement);

}  // namespace migrate::mysql
