#include "dialect/mysql/run/face.hpp"

#include <cstdlib>

#include "dialect/driver.hpp"
#include "dialect/mysql/run/backup.hpp"
#include "dialect/mysql/run/blockers.hpp"
#include "dialect/mysql/run/create_database.hpp"
#include "dialect/mysql/run/errors.hpp"
#include "dialect/mysql/run/fingerprint.hpp"
#include "dialect/mysql/run/lock.hpp"
#include "dialect/mysql/run/online.hpp"
#include "dialect/mysql/run/rolls_back.hpp"
#include "dialect/mysql/run/settings.hpp"
#include "dialect/mysql/run/shards.hpp"
#include "dialect/mysql/run/witness.hpp"
#include "dialect/mysql/run/writes.hpp"
#include "dialect/mysql/sql/session_use.hpp"

namespace migrate::mysql {
namespace {

class MysqlRun final : public RunFace {
 public:
  [[nodiscard]] std::string client_version() const override { return driver_version("mysql"); }
  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return open_with_driver("mysql", url); }
  [[nodiscard]] std::string session_setup(const RunTimeouts& timeouts) const override { return mysql::session_setup(timeouts); }
  /// In sql_mode ORACLE a lone BEGIN opens a block.
  [[nodiscard]] std::string_view begin_sql() const override { return "START TRANSACTION"; }
  [[nodiscard]] std::string schema_of(Connection& connection, const QualifiedName&) const override {
    return connection.query("SELECT DATABASE()").rows.at(0).at(0).value_or("");
  }
  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return mysql::restore_session(statements, connection);
  }
  [[nodiscard]] std::vector<std::string> database_names(Connection& connection) const override {
    return first_column(connection.query("SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') ORDER BY schema_name"));
  }
  [[nodiscard]] int default_port() const override { return 3306; }
  [[nodiscard]] int max_connections(Connection& connection) const override { return std::atoi(first_column(connection.query("SELECT @@max_connections")).at(0).c_str()); }
  /// A node of a Galera cluster applies what others have committed a little later, unless it is asked to wait for that.
  [[nodiscard]] std::string see_all_commits_sql(const ServerInfo& server) const override {
    return server.defaults.contains("galera") ? "SET SESSION wsrep_sync_wait = 15" : "";
  }
  [[nodiscard]] bool code_may_change_session(Connection& connection) const override { return mysql::code_may_change_session(connection); }
  [[nodiscard]] std::string keep_expression(const SessionItem& item) const override { return mysql::keep_expression(item); }
  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo& server, const std::string& key) const override {
    // vtgate loses it without a word when a statement takes longer than half a minute.
    if (server.defaults.contains("vitess")) return nullptr;
    return make_session_lock(connection, key);
  }
  [[nodiscard]] std::string cluster_setup(const ServerInfo& server, bool /*local*/) const override {
    return is_vtgate(server) ? "SET @@ddl_strategy = 'direct'" : "";
  }
  void run_online(Connection& connection, const ServerInfo& server, const std::string& statement, const std::string& how, const std::string& context) const override {
    mysql::run_online(connection, server, statement, how, context);
  }
  void await_online(Connection& connection, const ServerInfo& server, const std::string& context) const override { mysql::await_online(connection, server, context); }
  void check_records_place(Connection& connection, const ServerInfo& server, const QualifiedName& table) const override {
    mysql::check_records_place(connection, server, table);
  }
  [[nodiscard]] std::string left_by_failed(const ServerInfo& server, const Statement& statement) const override { return mysql::left_by_failed(server, statement); }
  [[nodiscard]] Options durable_table_options() const override { return {{"engine", "InnoDB"}, {"charset", "utf8mb4"}, {"row_format", "dynamic"}}; }
  [[nodiscard]] std::optional<Witness> witness(const Statement& statement) const override { return witness_of(statement); }
  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement) const override {
    return take_fingerprint(connection, server, statement);
  }
  [[nodiscard]] bool rolls_back(Connection& connection, const Statement& statement) const override {
    return changes_roll_back(connection, statement);
  }
  [[nodiscard]] std::string rolls_back_by(const Statement& statement) const override { return names_that_roll_back(statement); }
  [[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement) const override {
    return find_blockers(connection, statement);
  }
  [[nodiscard]] bool mend(Connection& connection, const Statement& statement, const DatabaseError& error) const override {
    return mend_stale_table(connection, statement, error);
  }
  void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { mysql::check_backup(connection, server, place); }
  void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { mysql::backup(url, connection, server, place); }
  void check_backup_file(const DatabaseUrl& url, const BackupPlace& place) const override { mysql::check_backup_file(url, place); }
  void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { mysql::restore(url, connection, server, place); }
  [[nodiscard]] std::vector<std::string> create_database_sql(Connection& like, const std::string& name) const override { return mysql::create_database_sql(like, name); }
  [[nodiscard]] std::string backup_extension() const override { return "sql"; }
  [[nodiscard]] bool holds_anything(Connection& connection) const override { return mysql::holds_anything(connection); }
  [[nodiscard]] bool is_missing_column(const DatabaseError& error) const override { return error.native_code == 1054; }
  [[nodiscard]] std::string takes_no_writes(Connection& connection) const override { return mysql::takes_no_writes(connection); }
  [[nodiscard]] bool is_read_only(const DatabaseError& error) const override { return mysql::is_read_only(error.native_code, error.what()); }
  [[nodiscard]] bool is_denied(const DatabaseError& error) const override { return error.native_code == 1142 || error.native_code == 1143 || error.native_code == 1044; }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override { return mysql::is_missing_table(error); }
};

}  // namespace

const RunFace& run_face() {
  static const MysqlRun instance;
  return instance;
}

std::unique_ptr<RowsConnection> open_rows(const DatabaseUrl& url) { return open_rows_with_driver("mysql", url); }

}  // namespace migrate::mysql
