#include "dialect/mysql/dialect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/driver.hpp"
#include "dialect/mysql/lint.hpp"
#include "dialect/mysql/schema.hpp"
#include "dialect/mysql/text.hpp"

namespace migrate::mysql {
namespace {

class MysqlDialect final : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "mysql"; }

  /// `text` ends at 64 KiB here.
  [[nodiscard]] std::string long_text_type() const override { return "longtext"; }

  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return open_with_driver("mysql", url); }

  [[nodiscard]] ServerInfo probe(Connection& connection) const override { return probe_server(connection); }

  [[nodiscard]] std::string quote_name(std::string_view name) const override { return mysql::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override { return mysql::quote_name(name); }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return mysql::quote_text(text); }

  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return split_statements(sql, location);
  }

  [[nodiscard]] const LexicalRules& lexical_rules() const override { return mysql::lexical_rules(); }

  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    for (const auto& key : table.foreign_keys) names.push_back("key " + key.name);
    return names;
  }
  [[nodiscard]] const lint::Support& lint_support() const override { return mysql::lint_support(); }

  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return classify_statement(statement.text); }

  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) const override {
    return inspect_database(connection, server, options);
  }

  void canonicalize(Schema& declared, const ServerInfo& server) const override { canonicalize_schema(declared, server); }

  [[nodiscard]] Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    return normalize_objects(connection, server, objects, declared, live);
  }

  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server) const override {
    return render_operations(operations, before, server);
  }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& server) const override {
    return render_operation_parts(parts, before, server);
  }

  /// The mysql client ends a statement at its first ';', in a body too, unless told otherwise.
  [[nodiscard]] std::string script_statement(const Statement& statement) const override {
    const auto tokens = tokenize(statement.text, mysql::lexical_rules());
    const bool body = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.is_symbol(";"); });
    if (!body) return statement.text + ";";
    std::string delimiter = "//";
    while (statement.text.find(delimiter) != std::string::npos) delimiter += "/";
    return fmt::format("DELIMITER {0}\n{1}\n{0}\nDELIMITER ;", delimiter, statement.text);
  }

  [[nodiscard]] ServerInfo assume(const DatabaseUrl& url) const override { return assumed_server(url); }

  /// Statement timeouts have another name and another unit on each flavour; an executable comment holds MariaDB's.
  [[nodiscard]] std::string session_setup(const RunTimeouts& timeouts) const override {
    std::string sql;
    if (timeouts.lock.count() > 0) {
      const auto seconds = std::max<long long>(1, (timeouts.lock.count() + 999) / 1000);
      sql = fmt::format("SET SESSION lock_wait_timeout = {0}, innodb_lock_wait_timeout = {0}", seconds);
    }
    if (timeouts.statement.count() > 0) {
      if (sql.empty()) sql = "SET SESSION lock_wait_timeout = @@GLOBAL.lock_wait_timeout";
      sql += fmt::format(" /*M!100101 , max_statement_time = {:.3f} */", static_cast<double>(timeouts.statement.count()) / 1000.0);
      sql += fmt::format(" /*!50708 , max_execution_time = {} */", timeouts.statement.count());
    }
    return sql;
  }

  /// A node of a Galera cluster applies what others have committed a little later, unless it is asked to wait for that.
  [[nodiscard]] std::string see_all_commits_sql(const ServerInfo& server) const override {
    return server.defaults.contains("galera") ? "SET SESSION wsrep_sync_wait = 15" : "";
  }

  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo&, const std::string& key) const override {
    return make_session_lock(connection, key);
  }

  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return mysql::restore_session(statements, connection);
  }
  [[nodiscard]] std::string schema_of(Connection& connection, const QualifiedName&) const override {
    return connection.query("SELECT DATABASE()").rows.at(0).at(0).value_or("");
  }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override { return error.native_code == 1146; }

  [[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement) const override {
    return find_blockers(connection, statement);
  }
  [[nodiscard]] bool mend(Connection& connection, const Statement& statement, const DatabaseError& error) const override {
    return mend_stale_table(connection, statement, error);
  }

  [[nodiscard]] std::optional<Witness> witness(const Statement& statement) const override { return witness_of(statement); }

  [[nodiscard]] bool rolls_back(Connection& connection, const Statement& statement) const override {
    return changes_roll_back(connection, statement);
  }

  [[nodiscard]] bool ends_transaction(const Statement& statement) const override { return commits_transaction(statement.text); }

  [[nodiscard]] Options durable_table_options() const override { return {{"engine", "InnoDB"}, {"charset", "utf8mb4"}}; }

  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement) const override {
    return take_fingerprint(connection, server, statement);
  }
};

}  // namespace

const Dialect& dialect() {
  static const MysqlDialect instance;
  return instance;
}

}  // namespace migrate::mysql
