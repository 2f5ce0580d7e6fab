#include "dialect/postgresql/catalog/probe.hpp"

#include "dialect/postgresql/run/writes.hpp"

namespace migrate::postgresql {
namespace {

Capabilities capabilities() {
  return {.transactional_ddl = true,
          .session_lock = true,
          .schemas = true,
          .enum_types = true,
          .alter_column_in_place = true,
          .views_pin_columns = true,
          .overloads = true,
          .deferrable_keys = true,
          .triggers_per_table = true};
}

/// Servers that speak the protocol and whose advisory locks do nothing, or only since a late version.
std::string flavour_without_locks(std::string_view version) {
  if (version.find("CockroachDB") != std::string_view::npos) return "cockroachdb";
  if (version.find("-YB-") != std::string_view::npos) return "yugabytedb";
  return {};
}

/// What a cluster of Citus is: its coordinator takes what changes the schema, a statement a message.
void look_at_citus(Connection& connection, const std::string& version, ServerInfo& info) {
  info.defaults["citus"] = version;
  info.capabilities.statement_a_message = info.capabilities.constraint_alone = true;
  const auto group = connection.query("select groupid from pg_catalog.pg_dist_local_group");
  if (!group.rows.empty() && group.rows[0].at(0) != "0") info.takes_no_writes = "it is a worker of a Citus cluster, whose coordinator takes what changes the schema";
}

}  // namespace

// A pooler (PgBouncer and others of its kind) gives its clients numbers of its own. One that keeps a server's session for
// each client looks the same from here; what works without sessions works there too.
ServerInfo probe_server(Connection& connection) {
  const auto result = connection.query(R"(
    select current_setting('server_version_num'), current_setting('server_version'), current_user, coalesce(current_schema(), 'public'),
           current_setting('server_encoding'), datcollate, pg_backend_pid(), version(), current_setting('standard_conforming_strings'),
           pg_is_in_recovery(), (select extversion from pg_catalog.pg_extension where extname = 'citus')
      from pg_catalog.pg_database
     where datname = current_database())");
  const auto& row = result.rows.at(0);
  ServerInfo info;
  info.product = "PostgreSQL";
  info.version_number = std::stoi(row[0].value_or("0"));
  const auto version = row[1].value_or("");
  info.version = version.substr(0, version.find(' '));
  info.sections = {"postgresql"};
  info.user = row[2].value_or("");
  info.default_schema = row[3].value_or("public");
  info.capabilities = capabilities();
  info.defaults = {{"encoding", row[4].value_or("")}, {"collation", row[5].value_or("")}, {"standard_conforming_strings", row[8].value_or("on")}};
  if (row[9] == "t") info.takes_no_writes = standby_words;
  if (const auto flavour = flavour_without_locks(row[7].value_or("")); !flavour.empty()) {
    info.defaults["flavour"] = flavour;
    info.capabilities.session_lock = false;
  } else if (connection.session_id() != 0 && row[6] != std::to_string(connection.session_id())) {
    info.capabilities.pooled = true;
    info.capabilities.session_lock = false;
  }
  if (row[10]) look_at_citus(connection, *row[10], info);
  return info;
}

ServerInfo assumed_server(const DatabaseUrl& url) {
  ServerInfo server;
  server.sections = {"postgresql"};
  if (url.scheme != "postgresql") server.sections.push_back(url.scheme);
  server.default_schema = "public";
  server.capabilities = capabilities();
  return server;
}

}  // namespace migrate::postgresql
