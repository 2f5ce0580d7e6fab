#include "dialect/sqlite/run/face.hpp"

#include "dialect/sqlite/run/backup.hpp"
#include "dialect/sqlite/run/connect.hpp"
#include "dialect/sqlite/run/create_database.hpp"
#include "dialect/sqlite/run/fingerprint.hpp"
#include "dialect/sqlite/run/frame.hpp"
#include "dialect/sqlite/run/lock.hpp"
#include "dialect/sqlite/run/settings.hpp"

namespace migrate::sqlite {
namespace {

class SqliteRun final : public RunFace {
 public:
  [[nodiscard]] std::string file_of(const DatabaseUrl& url) const override { return url.database; }
  [[nodiscard]] std::string cheap_commits_sql() const override { return "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA busy_timeout = 10000"; }
  [[nodiscard]] std::string client_version() const override { return library_version(); }
  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return sqlite::connect(url); }
  void only_look(DatabaseUrl& url) const override { sqlite::only_look(url); }
  /// Waiting for the write lock is the connection's ?busy_timeout.
  [[nodiscard]] std::string session_setup(const RunTimeouts& /*timeouts*/) const override { return {}; }
  [[nodiscard]] std::string limit_waiting(std::chrono::milliseconds wait) const override {
    return wait < std::chrono::seconds(5) ? "PRAGMA busy_timeout = " + std::to_string(wait.count()) : "";  // 5 s: the connection's own
  }
  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return sqlite::restore_session(statements, connection);
  }
  [[nodiscard]] bool can_reconnect(const DatabaseUrl& url) const override { return !url.database.empty() && url.database != ":memory:"; }
  [[nodiscard]] std::string schema_of(Connection& /*connection*/, const QualifiedName& /*table*/) const override { return "main"; }
  /// The write lock at once: a transaction that reads first and then writes can be refused in its middle.
  [[nodiscard]] std::string_view begin_sql() const override { return "BEGIN IMMEDIATE"; }
  [[nodiscard]] UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection) const override {
    return sqlite::frame_unit(std::move(statements), connection);
  }
  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo& /*server*/, const std::string& key) const override {
    return sqlite::make_lock(connection, key);
  }
  [[nodiscard]] std::string change_counter(Connection& connection) const override {
    return connection.query("PRAGMA data_version").rows.at(0).at(0).value_or("");
  }
  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& /*server*/, const Statement& statement) const override {
    return sqlite::fingerprint(connection, statement);
  }
  /// A file's locks do not tell who holds them.
  [[nodiscard]] std::vector<std::string> blockers(Connection& /*connection*/, const Statement& /*statement*/) const override {
    return {"another process holds a lock on the database file"};
  }
  [[nodiscard]] bool refuses_transaction(const DatabaseError& error) const override {
    return error.message().find("within a transaction") != std::string::npos || error.message().find("within transaction") != std::string::npos || error.message().find("inside a transaction") != std::string::npos;
  }
  void check_backup(Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { sqlite::check_backup(connection, server, place); }
  void backup(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { sqlite::backup(url, connection, server, place); }
  void check_backup_file(const DatabaseUrl& url, const BackupPlace& place) const override { sqlite::check_backup_file(url, place); }
  void restore(const DatabaseUrl& url, Connection& connection, const ServerInfo& server, const BackupPlace& place) const override { sqlite::restore(url, connection, server, place); }
  [[nodiscard]] std::vector<std::string> create_database_sql(Connection& like, const std::string& /*name*/) const override { return sqlite::create_database_sql(like); }
  [[nodiscard]] std::string backup_extension() const override { return "db"; }
  [[nodiscard]] bool holds_anything(Connection& connection) const override { return sqlite::holds_anything(connection); }
  [[nodiscard]] bool is_missing_column(const DatabaseError& error) const override {
    return error.message().starts_with("no such column") || error.message().find("has no column named") != std::string::npos;
  }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override {
    return error.message().starts_with("no such table");
  }
};

}  // namespace

const RunFace& run_face() {
  static const SqliteRun instance;
  return instance;
}

}  // namespace migrate::sqlite
