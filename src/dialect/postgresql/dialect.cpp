#include "dialect/postgresql/dialect.hpp"

#include "core/text.hpp"
#include "dialect/driver.hpp"
#include "dialect/postgresql/canonical.hpp"
#include "dialect/postgresql/follow.hpp"
#include "dialect/postgresql/inspect.hpp"
#include "dialect/postgresql/lint.hpp"
#include "dialect/postgresql/names.hpp"
#include "dialect/postgresql/normalize.hpp"
#include "dialect/postgresql/render.hpp"
#include "dialect/postgresql/run.hpp"
#include "dialect/postgresql/split.hpp"

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

// A pooler (PgBouncer and others of its kind) gives its clients numbers of its own. One that keeps a server's session for
// each client looks the same from here; what works without sessions works there too.
ServerInfo probe(Connection& connection) {
  const auto result = connection.query(R"(
    select current_setting('server_version_num'), current_setting('server_version'), current_user, coalesce(current_schema(), 'public'),
           current_setting('server_encoding'), datcollate, pg_backend_pid(), version()
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
  info.defaults = {{"encoding", row[4].value_or("")}, {"collation", row[5].value_or("")}};
  if (const auto flavour = flavour_without_locks(row[7].value_or("")); !flavour.empty()) {
    info.defaults["flavour"] = flavour;
    info.capabilities.session_lock = false;
  } else if (connection.session_id() != 0 && row[6] != std::to_string(connection.session_id())) {
    info.capabilities.pooled = true;
    info.capabilities.session_lock = false;
  }
  return info;
}

Error pooled_schemas(const std::vector<std::string>& schemas) {
  return Error{ErrorKind::usage,
               "a connection pooler stands in front of the server, and what a session sets does not stay: names cannot be made to mean " + schemas.front() +
                   " (schemas: in migrate.yaml)",
               "connect to the server itself, or let the role mean it: ALTER ROLE ... SET search_path = " + quote_name(schemas.front())};
}

class PostgresqlDialect : public Dialect {
 public:
  [[nodiscard]] std::string_view name() const override { return "postgresql"; }
  [[nodiscard]] std::unique_ptr<Connection> connect(const DatabaseUrl& url) const override { return open_with_driver("postgresql", url); }
  [[nodiscard]] ServerInfo probe(Connection& connection) const override { return postgresql::probe(connection); }
  [[nodiscard]] ServerInfo assume(const DatabaseUrl& url) const override {
    ServerInfo info = Dialect::assume(url);
    info.default_schema = "public";
    info.capabilities = capabilities();
    return info;
  }
  /// A comment at the end of a statement must not swallow the ';'.
  [[nodiscard]] std::string script_statement(const Statement& statement) const override {
    const auto last_line = statement.text.find_last_of('\n') + 1;
    return statement.text + (statement.text.find("--", last_line) == std::string::npos ? ";" : "\n;");
  }
  /// psql goes on after an error unless it is told otherwise.
  [[nodiscard]] std::string script_prologue() const override { return "\\set ON_ERROR_STOP on"; }

  [[nodiscard]] std::string quote_name(std::string_view name) const override { return postgresql::quote_name(name); }
  [[nodiscard]] std::string quote_name(const QualifiedName& name) const override { return postgresql::quote_name(name); }
  [[nodiscard]] std::string quote_text(std::string_view text) const override { return postgresql::quote_text(text); }
  [[nodiscard]] std::string quote_bytes(std::string_view hex) const override { return "'\\x" + std::string(hex) + "'::bytea"; }
  [[nodiscard]] Statement without_blocking(Statement statement) const override {
    for (const std::string start : {"CREATE INDEX ", "CREATE UNIQUE INDEX ", "DROP INDEX "}) {
      if (statement.text.starts_with(start)) statement.text.insert(start.size(), "CONCURRENTLY ");
    }
    return statement;
  }
  [[nodiscard]] const LexicalRules& lexical_rules() const override { return postgresql::lexical_rules(); }
  [[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location) const override {
    return postgresql::split(sql, location);
  }
  /// Those of indexes, the ones behind constraints too.
  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) { names.push_back(QualifiedName{table.name.schema, name}.text()); };
    for (const auto& index : table.indexes) add(index.name);
    for (const auto& unique : table.uniques) add(unique.name);
    for (const auto& exclusion : table.exclusions) add(exclusion.name);
    if (table.primary_key) add(table.primary_key->name);
    return names;
  }
  [[nodiscard]] const lint::Support& lint_support() const override { return postgresql::lint_support(); }
  [[nodiscard]] StatementClass classify(const Statement& statement) const override { return postgresql::classify(statement); }

  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) const override {
    return postgresql::inspect(connection, server, options);
  }
  [[nodiscard]] std::vector<std::string> left_alone(Connection& connection) const override { return postgresql::left_alone(connection); }
  void canonicalize(Schema& declared, const ServerInfo& server) const override { postgresql::canonicalize(declared, server); }
  [[nodiscard]] Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    return postgresql::normalize(connection, server, objects, declared, live);
  }
  [[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before,
                                              const ServerInfo& server) const override {
    return postgresql::render(operations, before, server);
  }
  [[nodiscard]] std::vector<std::vector<Statement>> render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                 const ServerInfo& server) const override {
    return postgresql::render_parts(parts, before, server);
  }
  void apply(Schema& schema, const Operation& operation) const override { apply_and_follow(schema, operation); }

  /// What the role or the database has set stays behind them: extensions live there.
  [[nodiscard]] std::string use_schemas(const std::vector<std::string>& schemas) const override {
    std::string path;
    for (const auto& schema : schemas) path += "\"" + replace_all(schema, "\"", "\"\"") + "\", ";
    return path.empty() ? "" : "select set_config('search_path', " + quote_text(path) + " || current_setting('search_path'), false)";
  }

  void enter_schemas(Connection& connection, const std::vector<std::string>& schemas) const override {
    const auto sql = use_schemas(schemas);
    if (sql.empty()) return;
    const auto set = connection.query(sql + " where pg_backend_pid() = " + std::to_string(connection.session_id()) +
                                      " or version() like '%CockroachDB%' or version() like '%-YB-%'");
    if (!set.rows.empty()) return;
    const auto current = connection.query("select current_schema()");
    if (current.rows.at(0).at(0) != schemas.front()) throw pooled_schemas(schemas);
  }

  [[nodiscard]] std::string transaction_setup(const RunTimeouts& timeouts) const override {
    return replace_all(postgresql::session_setup(timeouts), "SET ", "SET LOCAL ");
  }
  [[nodiscard]] std::string lease_table_exists_sql(const QualifiedName& table) const override {
    return "select to_regclass(" + quote_text(postgresql::quote_name(table)) + ") is not null";
  }
  [[nodiscard]] std::string session_setup(const RunTimeouts& timeouts) const override { return postgresql::session_setup(timeouts); }
  [[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const ServerInfo&, const std::string& key) const override {
    return postgresql::make_lock(connection, key);
  }
  [[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) const override {
    return postgresql::restore_session(statements, connection);
  }
  [[nodiscard]] std::string schema_of(Connection& connection, const QualifiedName& table) const override {
    const auto found = connection.query("select relnamespace::pg_catalog.regnamespace::pg_catalog.text from pg_catalog.pg_class where oid = pg_catalog.to_regclass(" +
                                        quote_text(postgresql::quote_name(table)) + ")");
    return found.rows.empty() ? "" : unquote_name(found.rows[0].at(0).value_or(""));
  }
  [[nodiscard]] bool is_missing_table(const DatabaseError& error) const override {
    return error.sqlstate == "42P01" || error.sqlstate == "3F000";
  }
  [[nodiscard]] std::string cleanup_before(Connection& connection, const Statement& statement) const override {
    return postgresql::cleanup_before(connection, statement);
  }
  [[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement) const override {
    return postgresql::blockers(connection, statement);
  }
  [[nodiscard]] std::optional<Witness> witness(const Statement& statement) const override { return postgresql::witness(statement); }
  [[nodiscard]] bool refuses_transaction(const DatabaseError& error) const override {
    return error.sqlstate == "25001" || error.sqlstate == "2D000";
  }
  [[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement) const override {
    return postgresql::fingerprint(connection, server, statement);
  }
};

}  // namespace

const Dialect& dialect() {
  static const PostgresqlDialect instance;
  return instance;
}

}  // namespace migrate::postgresql
