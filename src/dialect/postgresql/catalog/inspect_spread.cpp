/// How Citus spreads the tables over its cluster.
#include <cstdlib>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql::catalog {
namespace {

/// By name within a group: the first one is whom the others name. Tables that Citus has taken into its metadata by itself, for a key to a
/// reference table, are left out: nobody has said it.
const std::string spread_sql = R"(
  select p.logicalrelid::pg_catalog.oid, p.partmethod, p.repmodel = 't',
         case when p.partkey is not null then pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) end,
         p.colocationid, (select g.shardcount from pg_catalog.pg_dist_colocation g where g.colocationid = p.colocationid)
    from pg_catalog.pg_dist_partition p
    join pg_catalog.pg_class c on c.oid = p.logicalrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where p.partmethod in ('h', 'n')
     and not p.autoconverted
     and not c.relispartition
     {placed_by_schema}
     and n.nspname {in_schemas}
     {only_tables}
   order by p.colocationid, n.nspname = {default} desc, n.nspname, c.relname)";

void read_distributed(Table& table, const std::string& column, const std::string& group, const std::string& shards, std::map<std::string, std::string>& heads) {
  auto& options = table.options;
  if (column.empty()) options[distributed_single_shard] = "true";
  else options[distributed_column] = column;
  const auto [head, first] = heads.emplace(group, quote_name(table.name));
  options[distributed_colocate_with] = first ? "none" : head->second;
  if (first && !column.empty()) options[distributed_shard_count] = shards;
}

void read_spread(Inspection& inspection, const Result& result) {
  std::map<std::string, std::string> heads;
  for (const auto& row : result.rows) {
    Fields fields(row);
    auto* relation = inspection.relation(fields.oid());
    if (relation == nullptr || relation->table == nullptr) continue;
    const auto method = fields.text();
    const bool everywhere = fields.flag();
    const auto column = fields.text();
    const auto group = fields.text();
    if (everywhere) relation->table->options["reference"] = "true";
    else if (method == "n" && group == "0") relation->table->options["local_metadata"] = "true";
    else read_distributed(*relation->table, column, group, fields.text(), heads);
  }
}

}  // namespace

std::vector<Query> spread_queries(Inspection& inspection) {
  const auto citus = inspection.server.defaults.find("citus");
  if (citus == inspection.server.defaults.end()) return {};
  const bool has_schemas = std::atoi(citus->second.c_str()) >= 12;
  // The tables of a distributed schema are where it is: nothing is said of each.
  const auto by_schema = has_schemas ? "and not exists (select from pg_catalog.pg_dist_schema s where s.schemaid = c.relnamespace)" : "";
  std::vector<Query> queries{{replace_all(placed(spread_sql, inspection), "{placed_by_schema}", by_schema), [&inspection](const Result& result) { read_spread(inspection, result); }}};
  if (has_schemas && inspection.options.tables.empty()) {
    queries.push_back({placed("select n.nspname from pg_catalog.pg_dist_schema s join pg_catalog.pg_namespace n on n.oid = s.schemaid where n.nspname {in_schemas} order by 1", inspection),
                       [&inspection](const Result& result) {
                         if (const auto names = first_column(result); !names.empty()) inspection.schema.options[distributed_schemas] = join(names, ", ");
                       }});
  }
  return queries;
}

}  // namespace migrate::postgresql::catalog
