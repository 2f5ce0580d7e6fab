#include "dialect/mysql/canonical/options.hpp"

namespace migrate::mysql {

const KnownOptions& known_options() {
  // "engine": storage engines whose options are these; others (CONNECT, Spider) bring their own.
  static const KnownOptions options{
      {"database", {"charset", "collation"}},
      {"engine", {"innodb", "myisam", "aria", "memory", "heap", "csv", "archive", "blackhole", "merge", "mrg_myisam", "ndb", "ndbcluster", "sequence"}},
      {"table", {"engine", "charset", "collation", "row_format", "key_block_size", "partition_by", "system_versioning", "with_system_versioning", "auto_increment",
                 "avg_row_length", "checksum", "table_checksum", "compression", "connection", "data_directory", "index_directory", "delay_key_write", "encryption",
                 "encrypted", "encryption_key_id", "ietf_quotes", "insert_method", "max_rows", "min_rows", "pack_keys", "page_checksum", "page_compressed",
                 "page_compression_level", "password", "period", "period_system_time", "secondary_engine", "secondary_engine_attribute", "engine_attribute",
                 "sequence", "autoextend_size", "start_transaction", "stats_auto_recalc", "stats_persistent", "stats_sample_pages", "storage", "tablespace",
                 "transactional", "union"}},
      {"column", {"charset", "on_update", "invisible", "compressed", "unsigned", "without_system_versioning", "column_check", "as_row", "srid", "ref_system_id",
                  "storage", "column_format", "engine_attribute", "secondary_engine_attribute", "distrib", "field_format", "date_format", "field_length", "flag",
                  "special", "jpath", "xpath"}},
      {"index", {"invisible", "ignored", "using", "type", "parser", "key_block_size", "engine_attribute", "secondary_engine_attribute", "clustering", "m", "distance"}},
      {"unique", {"invisible", "ignored", "using", "type", "parser", "key_block_size", "engine_attribute", "secondary_engine_attribute", "clustering"}},
      {"primary key", {"using", "key_block_size", "engine_attribute", "secondary_engine_attribute", "clustering", "invisible"}},
      {"view", {"algorithm", "sql_security", "security_invoker", "check_option", "definer", "charset", "collation"}},
      {"trigger", {"definer", "sql_mode", "charset", "collation"}},
      {"routine", {"definer", "sql_mode", "charset", "collation"}},
      {"event", {"definer", "sql_mode", "charset", "collation", "time_zone"}},
      {"sequence", {"engine"}}};
  return options;
}

}  // namespace migrate::mysql
