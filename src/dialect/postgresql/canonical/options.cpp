#include "dialect/postgresql/canonical/options.hpp"

namespace migrate::postgresql {

const KnownOptions& known_options() {
  static const KnownOptions options{
      {"database", {"distributed_schemas"}},
      {"table", {"unlogged", "partition_by", "partition_of", "partition_bound", "inherits", "tablespace", "access_method", "row_security", "force_row_security", "replica_identity", "with.*",
                 "distributed", "distributed.column", "distributed.single_shard", "distributed.colocate_with", "distributed.shard_count", "reference", "local_metadata"}},
      {"column", {"storage", "compression", "statistics", "not_null", "with.*"}},
      {"index", {"tablespace", "with.*", "clustered", "invalid", "only"}},
      {"primary key", {"tablespace", "with.*", "clustered", "invalid", "without_overlaps"}},
      {"unique", {"tablespace", "with.*", "clustered", "invalid", "without_overlaps"}},
      {"foreign key", {"not_enforced", "period"}},
      {"view", {"check_option", "security_barrier", "security_invoker", "tablespace", "access_method", "with.*", "comment.*"}},
      {"trigger", {"enabled"}},
      {"sequence", {"unlogged"}},
      {"rule", {"table"}},
      {"aggregate", {"arguments"}}};
  return options;
}

}  // namespace migrate::postgresql
