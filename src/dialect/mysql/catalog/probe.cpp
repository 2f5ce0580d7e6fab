#include "dialect/mysql/catalog/probe.hpp"

#include <cstdlib>

#include "core/text.hpp"
#include "dialect/mysql/run/writes.hpp"

namespace migrate::mysql {
namespace {

/// 101119 for "10.11.19-MariaDB-0+deb12u1", also behind the "5.5.5-" that MariaDB puts in front for old clients.
int version_number(std::string_view text) {
  if (text.starts_with("5.5.5-")) text.remove_prefix(6);
  int numbers[3] = {0, 0, 0};
  std::size_t at = 0;
  for (auto& number : numbers) {
    while (at < text.size() && text[at] >= '0' && text[at] <= '9') number = number * 10 + (text[at++] - '0');
    if (at >= text.size() || text[at] != '.') break;
    ++at;
  }
  return numbers[0] * 10000 + numbers[1] * 100 + numbers[2];
}

/// "a=b,c=d" pairs of a setting put over the charsets' default collations.
void override_collations(std::map<std::string, std::string>& collations, const std::string& pairs) {
  for (const auto& pair : split(pairs, ',')) {
    const auto equals = pair.find('=');
    if (equals != std::string::npos) collations[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

/// Whether the user may make a program whose definer is somebody else. What a role brings is not looked at: with one it is left to the server.
constexpr std::string_view names_definers = R"(
                EXISTS (SELECT 1 FROM information_schema.user_privileges
                        WHERE grantee = concat('''', replace(current_user(), '@', '''@'''), '''')
                          AND privilege_type IN ('SUPER', 'SET USER', 'SET_USER_ID', 'SET_ANY_DEFINER'))
                  OR current_user() LIKE 'skip-grants%'
                  /*!80000 OR coalesce(current_role(), 'NONE') <> 'NONE' */ /*M!100005 OR current_role() IS NOT NULL */)";

/// "vitess", and in "vitess_shards" the shards of the keyspace that the session is in: "-80,80-".
void look_at_vitess(Connection& connection, Options& facts) {
  facts["vitess"] = "true";
  const auto keyspace = facts["database"].substr(0, facts["database"].find_first_of(":@"));
  std::vector<std::string> shards;
  try {
    for (const auto& name : first_column(connection.query("SHOW VITESS_SHARDS"))) {
      if (name.starts_with(keyspace + "/")) shards.push_back(name.substr(keyspace.size() + 1));
    }
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;  // it is behind something that does not know the word
  }
  facts["vitess_shards"] = join(shards, ",");
}

void set_capabilities(ServerInfo& server) {
  auto& can = server.capabilities;
  // GET_LOCK of one node says nothing to the others; TiDB has it since 6.2 only, and Vitess loses it.
  const bool vitess = server.defaults.contains("vitess");
  can.session_lock = !server.defaults.contains("galera") && !server.defaults.contains("tidb") && !vitess;
  can.catalog_in_writes = can.scratch_objects = !vitess;
  can.alter_column_in_place = true;
  can.column_order = true;
  can.expressions_follow_renames = false;
}

}  // namespace

ServerInfo assumed_server(const DatabaseUrl& url) {
  ServerInfo server;
  const bool mariadb = url.scheme == "mariadb";
  server.product = mariadb ? "MariaDB" : "MySQL";
  server.version_number = mariadb ? 101100 : 80036;
  server.sections = {"mysql"};
  if (mariadb) server.sections.emplace_back("mariadb");
  auto& facts = server.defaults;
  facts["database"] = url.database;
  facts["charset"] = "utf8mb4";
  facts["collation"] = mariadb ? "utf8mb4_general_ci" : "utf8mb4_0900_ai_ci";
  facts["engine"] = "InnoDB";
  facts["collations"] = "ascii=ascii_general_ci,binary=binary,latin1=latin1_swedish_ci,utf8mb3=utf8mb3_general_ci,utf8mb4=" + facts["collation"];
  set_capabilities(server);
  return server;
}

ServerInfo probe_server(Connection& connection) {
  const std::vector<std::string> queries = {
      std::string(R"(SELECT version(), @@version_comment, current_user(), database(), @@character_set_database, @@collation_database, @@sql_mode,
                @@lower_case_table_names, @@default_storage_engine, @@explicit_defaults_for_timestamp, @@max_allowed_packet, @@collation_connection,
                @@time_zone, @@sql_quote_show_create, @@lc_time_names, @@version,)") + std::string(names_definers),
      "SELECT character_set_name, default_collate_name FROM information_schema.character_sets ORDER BY 1",
      R"(SELECT count(CASE table_schema WHEN 'information_schema' THEN 1 END), count(CASE table_schema WHEN 'mysql' THEN 1 END) FROM information_schema.tables
         WHERE (table_schema = 'information_schema' AND table_name IN ('VIEW_TABLE_USAGE', 'VIEW_ROUTINE_USAGE'))
            OR (table_schema = 'mysql' AND table_name IN ('tables_priv', 'columns_priv', 'procs_priv')))",
      "SHOW VARIABLES WHERE Variable_name IN (" + std::string(read_only_variables) + R"(, 'wsrep_on', 'tidb_version', 'character_set_collations', 'default_collation_for_utf8mb4', 'sql_require_primary_key',
                                             'innodb_force_primary_key'))"};
  const auto results = connection.query_all(queries);
  const auto& row = results[0].rows.at(0);
  const auto value = [&](std::size_t i) { return row.at(i).value_or(""); };

  ServerInfo server;
  server.version = value(0);
  server.version_number = version_number(server.version);
  const bool mariadb = server.version.find("MariaDB") != std::string::npos || lower(value(1)).find("mariadb") != std::string::npos;
  server.product = mariadb ? "MariaDB" : "MySQL";
  server.sections = {"mysql"};
  if (mariadb) server.sections.emplace_back("mariadb");
  server.user = value(2);

  auto& facts = server.defaults;
  facts["database"] = value(3);
  facts["charset"] = value(4);
  facts["collation"] = value(5);
  facts["sql_mode"] = value(6);
  facts["lower_case_table_names"] = value(7);
  facts["engine"] = value(8);
  facts["explicit_defaults_for_timestamp"] = value(9);
  facts["max_allowed_packet"] = value(10);
  facts["collation_connection"] = value(11);
  facts["time_zone"] = value(12);
  facts["names_definers"] = value(16) == "0" ? "false" : "true";
  facts["sql_quote_show_create"] = value(13);
  facts["lc_time_names"] = value(14);
  if (value(15).find("-Vitess") != std::string::npos) look_at_vitess(connection, facts);
  std::map<std::string, std::string> collations;
  for (const auto& pair : results[1].rows) collations[pair.at(0).value_or("")] = pair.at(1).value_or("");
  bool galera = false;
  for (const auto& variable : results[3].rows) {
    const auto name = variable.at(0).value_or("");
    const auto setting = variable.at(1).value_or("");
    if (auto why = why_no_writes(name, setting); !why.empty()) server.takes_no_writes = std::move(why);
    if (name == "wsrep_on" && equal_ignoring_case(setting, "ON")) galera = true;
    if ((name == "sql_require_primary_key" || name == "innodb_force_primary_key") && equal_ignoring_case(setting, "ON")) facts["tables_need_keys"] = "true";
    if (name == "character_set_collations") override_collations(collations, setting);
    if (name == "default_collation_for_utf8mb4" && !setting.empty()) collations["utf8mb4"] = setting;
  }
  std::vector<std::string> pairs;
  for (const auto& [charset, collation] : collations) pairs.push_back(charset + "=" + collation);
  facts["collations"] = join(pairs, ",");
  if (galera) facts["galera"] = "true";
  if (server.version.find("TiDB") != std::string::npos) facts["tidb"] = "true";

  set_capabilities(server);
  server.capabilities.view_usage = results[2].rows.at(0).at(0) == "2";
  // A table is listed for who has a privilege on it.
  if (results[2].rows.at(0).at(1) == "3" && !facts.contains("vitess") && !facts.contains("tidb")) facts["reads_rights"] = "true";
  return server;
}

}  // namespace migrate::mysql
