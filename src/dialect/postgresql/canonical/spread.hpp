/// How Citus spreads a table over a cluster, as options of the table say it: `distributed.column`, `distributed.single_shard`,
/// `distributed.colocate_with`, `distributed.shard_count`; `reference`; `local_metadata`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate::postgresql {

enum class Spread { plain, distributed, reference, local_metadata };
[[nodiscard]] Spread spread_of(const Options& options);

inline constexpr const char* distributed_column = "distributed.column";
inline constexpr const char* distributed_single_shard = "distributed.single_shard";
inline constexpr const char* distributed_colocate_with = "distributed.colocate_with";
inline constexpr const char* distributed_shard_count = "distributed.shard_count";

/// An option of the database: names of schemas whose tables stand together on one shard, "a, b".
inline constexpr const char* distributed_schemas = "distributed_schemas";
[[nodiscard]] std::vector<std::string> schemas_of(const Options& options);

/// Whether it is one of the options of tables above.
[[nodiscard]] bool is_spread_option(std::string_view key);

/// Brings what a model says to one form. Throws Error (usage) with the model's location for what contradicts itself, and where the
/// server has no Citus; what was inspected elsewhere and has no place here is left out.
void canonicalize_spread(Schema& declared, const ServerInfo& server);

/// Which tables stand together is a relation, and the database and a model may name another one of them; what the model leaves open is
/// Citus' to choose. Where both mean the same, the declared tables say it as the live ones (behind the renames) do.
void take_live_spread(const Schema& live, Schema& declared);

}  // namespace migrate::postgresql
