#include "dialect/postgresql/run/face.hpp"

#include "core/text.hpp"
#include "dialect/driver.hpp"
#include "dialect/postgresql/run/backup.hpp"
#include "dialect/postgresql/run/blockers.hpp"
#include "dialect/postgresql/run/concurrently.hpp"
#include "dialect/postgresql/run/create_database.hpp"
#include "dialect/postgresql/run/fingerprint.hpp"
#include "dialect/postgresql/run/lock.hpp"
#include "dialect/postgresql/run/settings.hpp"
#include "dialect/postgresql/run/writes.hpp"
#include "dialect/postgresql/sql/session_use.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlRun final : public RunFace {
 public:
  [[nodiscard]] std::string client_version() const override { return driver_version("postgresql"); }
  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return open_with_driver("postgresql", url); }
  [[nodiscard]] std::string session_setup(const RunTimeouts& timeouts) const override { return postgresql::session_setup(timeouts); }
  [[nodiscard]] std::string transaction_setup(const RunTimeouts& timeouts) const override {
    return replace_all(postgresql::session_setup(timeouts), "SET ", "SET LOCAL ");
  }
  [[nodiscard]] std::string use_schemas(const std::vector<std::string>& schemas) const override { return postgresql::use_schemas(schemas); }
  void enter_schemas(Connection& connection, const std::vector<std::string>& schemas) const override {
    postgresql::enter_schemas(connection, schemas);
  }
  [[nodiscard]] std::vector<std::string> schema_names(Connection& connection) const override {
    return first_column(connection.query(R"(SELECT nspname FROM pg_catalog.pg_namespace WHERE nspname <> 'information_schema' AND nspname !~ '^pg_' ORDER BY nspname)"));
  }
  [[nodiscard]] std::vector<std::string> database_names(Connection& connection) const override {
    return first_column(connection.query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"));
  }
  [[nodiscard]] int default_port() const override { return 5432; }
  [[nodiscard]] int max_connections(Connection& connection) const override { return std::atoi(first_column(connection.query("SHOW max_connections")).at(0).c_str()); }
  [[nodiscard]] std::string schema_of(Connection& connection, const QualifiedName& table) const override {
    return postgresql::schema_of(connection, table);
  }
  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return postgresql::restore_session(statements, connection);
  }
  [[nodiscard]] bool code_may_change_session(Connection& connection) const override { return postgresql::code_may_change_session(connection); }
  [[nodiscard]] std::string own_settings(Connection& connection) const override { return postgresql::own_settings(connection); }
  [[nodiscard]] std::string keep_expression(const SessionItem& item) const override { return postgresql::keep_expression(item); }
  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo&, const std::string& key) const override {
    return postgresql::make_lock(connection, key);
  }
  [[nodiscard]] std::string table_exists_sql(const QualifiedName& table) const override {
    return "select to_regclass(" + quote_text(quote_name(table)) + ") is not null";
  }
  [[nodiscard]] std::string cleanup_before(Connection& connection, const Statement& statement) const override {
    return postgresql::cleanup_before(connection, statement);
  }
  [[nodiscard]] std::optional<Witness> witness(const Statement& statement) const override { return postgresql::witness(statement); }
  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo&, const Statement& statement) const override {
    return postgresql::fingerprint(connection, statement);
  }
  [[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement) const override {
    return postgresql::blockers(connection, statement);
  }
  [[nodiscard]] bool refuses_transaction(const DatabaseError& error) const override {
    return error.sqlstate == "25001" || error.sqlstate == "2D000" || error.sqlstate == "55P04";
  }
  /// Row-level security hides rows without a word, unless policies let all of them through.
  [[nodiscard]] std::string hides_rows_sql(const QualifiedName& table) const override {
    return R"(select row_security_active(c.oid)
         and (exists (select from pg_policy p where p.polrelid = c.oid and not p.polpermissive)
              or exists (select from unnest(array['r', 'w', 'd']) command
                          where not exists (select from pg_policy p
                                             where p.polrelid = c.oid and p.polpermissive and p.polcmd::text in (command, '*')
                                               and pg_get_expr(p.polqual, p.polrelid) = 'true'
                                               and (0 = any (p.polroles)
                                                    or exists (select from unnest(p.polroles) r where r <> 0 and pg_has_role(r, 'member'))))))
  from pg_class c where c.oid = to_regclass()" + quote_text(quote_name(table)) + ")";
  }
  void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { postgresql::check_backup(connection, server, place); }
  void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { postgresql::backup(url, connection, server, place); }
  void check_backup_file(const DatabaseUrl& url, const BackupPlace& place) const override { postgresql::check_backup_file(url, place); }
  void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { postgresql::restore(url, connection, server, place); }
  [[nodiscard]] std::vector<std::string> create_database_sql(Connection& like, const std::string& name) const override { return postgresql::create_database_sql(like, name); }
  [[nodiscard]] std::string backup_extension() const override { return "dump"; }
  [[nodiscard]] bool holds_anything(Connection& connection) const override { return postgresql::holds_anything(connection); }
  [[nodiscard]] bool is_missing_column(const DatabaseError& error) const override { return error.sqlstate == "42703"; }
  /// Citus refuses DDL behind a statement that ran on many connections in the same transaction.
  [[nodiscard]] std::string cluster_setup(const ServerInfo& server, bool local) const override {
    return server.defaults.contains("citus") ? std::string(local ? "SET LOCAL" : "SET") + " citus.multi_shard_modify_mode = 'sequential'" : "";
  }
  [[nodiscard]] std::string takes_no_writes(Connection& connection) const override { return postgresql::takes_no_writes(connection); }
  [[nodiscard]] bool is_read_only(const DatabaseError& error) const override { return error.sqlstate == "25006"; }
  [[nodiscard]] bool is_denied(const DatabaseError& error) const override { return error.sqlstate == "42501"; }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override {
    return error.sqlstate == "42P01" || error.sqlstate == "3F000";
  }
};

}  // namespace

const RunFace& run_face() {
  static const PostgresqlRun instance;
  return instance;
}

std::unique_ptr<RowsConnection> open_rows(const DatabaseUrl& url) { return open_rows_with_driver("postgresql", url); }

}  // namespace migrate::postgresql
