#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"

namespace migrate::postgresql {

namespace {

/// How Citus has spread what the model cannot say: tables by ranges or appended shards, and functions that run where their argument's rows are.
std::vector<std::string> distributions(Connection& connection) {
  if (connection.query("select pg_catalog.to_regclass('pg_catalog.pg_dist_partition') is not null").rows.at(0).at(0) != "t") return {};
  return first_column(connection.query(R"(
    select 'distribution of ' || logicalrelid || ' by ' || pg_catalog.column_to_column_name(logicalrelid, partkey)
      from pg_catalog.pg_dist_partition where partmethod not in ('h', 'n')
     union all
    select 'distribution of ' || objid::pg_catalog.regprocedure
      from pg_catalog.pg_dist_object where classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and distribution_argument_index is not null
     order by 1)"));
}

}  // namespace

std::vector<std::string> left_alone(Connection& connection) {
  static constexpr std::string_view catalogs[] = {
      "pg_am",       "pg_cast",     "pg_collation", "pg_conversion", "pg_event_trigger", "pg_foreign_data_wrapper", "pg_foreign_server", "pg_language",
      "pg_operator", "pg_opfamily", "pg_opclass",   "pg_publication", "pg_transform",    "pg_ts_config",            "pg_ts_dict",        "pg_ts_parser",
      "pg_ts_template"};
  // Objects of the user have numbers from 16384 on (FirstNormalObjectId). A class of operators brings its family along.
  std::string objects = "select 'pg_catalog.pg_class'::pg_catalog.regclass, oid from pg_catalog.pg_class where relkind = 'f'";
  for (const auto& catalog : catalogs) {
    objects += replace_all("\nunion all select 'pg_catalog.{}'::pg_catalog.regclass, oid from pg_catalog.{} where oid >= 16384", "{}", std::string(catalog));
  }
  const auto found = connection.query(
      "select i.type || ' ' || i.identity from (" + objects +
      ") o (class, id), pg_catalog.pg_identify_object(o.class, o.id, 0) i\n"
      " where not exists (select from pg_catalog.pg_depend d where d.classid = o.class and d.objid = o.id and d.deptype in ('e', 'i'))\n"
      "   and not (i.type = 'operator family' and exists (select from pg_catalog.pg_opclass c where c.opcfamily = o.id))\n"
      " order by 1");
  std::vector<std::string> names;
  for (const auto& row : found.rows) names.push_back(row.at(0).value_or(""));
  for (auto& name : distributions(connection)) names.push_back(std::move(name));
  return names;
}

}  // namespace migrate::postgresql
