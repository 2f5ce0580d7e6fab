#include "dialect/sqlite/dialect.hpp"

#include <unistd.h>
#include <pwd.h>

#include "dialect/sqlite/canonical.hpp"
#include "dialect/sqlite/connect.hpp"
#include "dialect/sqlite/fingerprint.hpp"
#include "dialect/sqlite/follow.hpp"
#include "dialect/sqlite/inspect.hpp"
#include "dialect/sqlite/lint.hpp"
#include "dialect/sqlite/lock.hpp"
#include "dialect/sqlite/normalize.hpp"
#include "dialect/sqlite/render.hpp"
#include "dialect/sqlite/split.hpp"
#include "dialect/sqlite/text.hpp"

namespace migrate::sqlite {
namespace {

/// SQLite knows no users: the one who runs the process.
std::string system_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

/// 3.40.1 is 34001, as in the other engines' numbers; the library says 3040001.
int short_version(int number) { return number / 1000000 * 10000 + number / 1000 % 1000 * 100 + number % 1000; }

/// The server is the library that is linked in.
ServerInfo library() {
  ServerInfo server{.product = "SQLite", .version = library_version(), .version_number = short_version(library_version_number()),
                    .sections = {"sqlite"}, .user = system_user()};
  server.capabilities.transactional_ddl = true;
  server.capabilities.single_writer = true;
  server.capabilities.column_order = true;
  server.capabilities.deferrable_keys = true;
  if (library_version_number() < 3035000) {
    throw Error{ErrorKind::failed, "SQLite " + server.version + " is too old", "migrate needs SQLite 3.35 or later"};
  }
  return server;
}

class SqliteDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "sqlite"; }
  [[nodiscard]] const LexicalRules& lexical_rules() const override { return sqlite::lexical_rules(); }

  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return sqlite::connect(url); }
  void only_look(DatabaseUrl& url) const override { sqlite::only_look(url); }

  [[nodiscard]] ServerInfo probe(Connection& /*connection*/) const override { return library(); }
  [[nodiscard]] ServerInfo assume(const DatabaseUrl& /*url*/) const override { return library(); }
  /// The sqlite3 shell goes on after an error unless it is told otherwise.
  [[nodiscard]] std::string script_prologue() const override { return ".bail on"; }

  [[nodiscard]] std::string quote_name(std::string_view name) const override { return sqlite::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override {
    return name.schema.empty() ? sqlite::quote_name(name.name) : sqlite::quote_name(name.schema) + "." + sqlite::quote_name(name.name);
  }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return sqlite::quote_text(text); }

  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return sqlite::split(sql, location);
  }
  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    for (const auto& index : table.indexes) names.push_back(index.name);
    return names;
  }
  [[nodiscard]] const lint::Support& lint_support() const override { return sqlite::lint_support(); }

  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return sqlite::classify(statement); }

  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& /*server*/, const InspectOptions& options) const override {
    return sqlite::inspect(connection, options);
  }
  void canonicalize(Schema& declared, const ServerInfo& /*server*/) const override { sqlite::canonicalize(declared); }
  [[nodiscard]] Schema normalize(Connection& /*connection*/, const ServerInfo& /*server*/, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    return sqlite::normalize(objects, declared, live);
  }
  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before,
                                              const ServerInfo& /*server*/) const override {
    return sqlite::render(operations, before);
  }

  void apply(Schema& schema, const Operation& operation) const override { apply_and_follow(schema, operation); }

  /// The write lock at once: a transaction that reads first and then writes can be refused in its middle.
  [[nodiscard]] std::string_view begin_sql() const override { return "BEGIN IMMEDIATE"; }
  [[nodiscard]] std::string change_counter(Connection& connection) const override {
    return connection.query("PRAGMA data_version").rows.at(0).at(0).value_or("");
  }

  /// Waiting for the write lock is the connection's ?busy_timeout.
  [[nodiscard]] std::string session_setup(const RunTimeouts& /*timeouts*/) const override { return {}; }
  [[nodiscard]] std::string limit_waiting(std::chrono::milliseconds wait) const override {
    return wait < std::chrono::seconds(5) ? "PRAGMA busy_timeout = " + std::to_string(wait.count()) : "";  // 5 s: the connection's own
  }
  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return sqlite::restore_session(statements, connection);
  }
  [[nodiscard]] UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection) const override {
    return sqlite::frame_unit(std::move(statements), connection);
  }
  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo& /*server*/,
                                                   const std::string& key) const override {
    return sqlite::make_lock(connection, key);
  }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override {
    return error.message().starts_with("no such table");
  }
  /// A file's locks do not tell who holds them.
  [[nodiscard]] std::vector<std::string> blockers(Connection& /*connection*/, const Statement& /*statement*/) const override {
    return {"another process holds a lock on the database file"};
  }
  [[nodiscard]] bool refuses_transaction(const DatabaseError& error) const override {
    return error.message().find("within a transaction") != std::string::npos || error.message().find("inside a transaction") != std::string::npos;
  }
  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& /*server*/, const Statement& statement) const override {
    return sqlite::fingerprint(connection, statement);
  }
};

}  // namespace

const Dialect& dialect() {
  static const SqliteDialect instance;
  return instance;
}

}  // namespace migrate::sqlite
