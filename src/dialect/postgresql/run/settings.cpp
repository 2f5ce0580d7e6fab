// What a unit changes of the session: pg_dump, for one, starts its text with half a dozen of SET and an empty search path.
#include "dialect/postgresql/run/settings.hpp"

#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

std::string setting_name(const std::vector<Token>& tokens, std::size_t at) {
  std::string name;
  for (; at < tokens.size() && tokens[at].is_name(); at += 2) {
    name += (name.empty() ? "" : ".") + lower(unquote_name(tokens[at].text));
    if (at + 1 >= tokens.size() || !tokens[at + 1].is_symbol(".")) break;
  }
  return name;
}

/// SET and RESET. SET LOCAL, SET TRANSACTION and SET CONSTRAINTS end with their transaction.
void add_set(const std::vector<Token>& tokens, std::set<std::string>& names) {
  std::size_t at = 1;
  if (tokens.size() < 2 || tokens[1].is("local") || tokens[1].is("transaction") || tokens[1].is("constraints")) return;
  const bool session = tokens[1].is("session");
  if (session) ++at;
  if (at >= tokens.size()) return;
  if (session && tokens[at].is("characteristics")) {
    names.insert({"default_transaction_isolation", "default_transaction_read_only", "default_transaction_deferrable"});
  } else if (tokens[at].is("authorization") || (!session && tokens[at].is("session"))) {
    names.insert("session_authorization");
  } else if (tokens[at].is("time")) {
    names.insert("timezone");
  } else if (tokens[at].is("names")) {
    names.insert("client_encoding");
  } else if (tokens[at].is("all")) {
    names.insert({"search_path", "statement_timeout", "lock_timeout"});
  } else if (auto name = setting_name(tokens, at); !name.empty()) {
    names.insert(std::move(name));
  }
}

/// set_config('search_path', '', false)
void add_set_config(const std::vector<Token>& tokens, std::set<std::string>& names) {
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (!tokens[i].is("set_config") || !tokens[i + 1].is_symbol("(") || tokens[i + 2].kind != TokenKind::string) continue;
    const auto text = tokens[i + 2].text;
    if (text.size() > 2 && text.front() == '\'') names.insert(lower(text.substr(1, text.size() - 2)));
  }
}

Error pooled_schemas(const std::vector<std::string>& schemas) {
  return Error{ErrorKind::usage,
               "a connection pooler stands in front of the server, and what a session sets does not stay: names cannot be made to mean " + schemas.front() +
                   " (schemas: in migrate.yaml)",
               "connect to the server itself, or let the role mean it: ALTER ROLE ... SET search_path = " + quote_name(schemas.front())};
}

}  // namespace

std::string session_setup(const RunTimeouts& timeouts) {
  return "SET lock_timeout = " + std::to_string(timeouts.lock.count()) + "; SET statement_timeout = " + std::to_string(timeouts.statement.count()) +
         "; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning";
}

std::string use_schemas(const std::vector<std::string>& schemas) {
  std::string path;
  for (const auto& schema : schemas) path += "\"" + replace_all(schema, "\"", "\"\"") + "\", ";
  return path.empty() ? "" : "select set_config('search_path', " + quote_text(path) + " || current_setting('search_path'), false)";
}

void enter_schemas(Connection& connection, const std::vector<std::string>& schemas) {
  const auto sql = use_schemas(schemas);
  if (sql.empty()) return;
  const auto set = connection.query(sql + " where pg_backend_pid() = " + std::to_string(connection.session_id()) +
                                    " or version() like '%CockroachDB%' or version() like '%-YB-%'");
  if (!set.rows.empty()) return;
  const auto current = connection.query("select current_schema()");
  if (current.rows.at(0).at(0) != schemas.front()) throw pooled_schemas(schemas);
}

std::string schema_of(Connection& connection, const QualifiedName& table) {
  const auto found = connection.query("select relnamespace::pg_catalog.regnamespace::pg_catalog.text from pg_catalog.pg_class where oid = pg_catalog.to_regclass(" +
                                      quote_text(quote_name(table)) + ")");
  return found.rows.empty() ? "" : unquote_name(found.rows[0].at(0).value_or(""));
}

std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) {
  std::set<std::string> names;
  for (const auto& statement : statements) {
    const bool set = starts_with_ignoring_case(statement.text, "set") || starts_with_ignoring_case(statement.text, "reset") ||
                     starts_with_ignoring_case(statement.text, "discard");
    const bool call = !set && starts_with_ignoring_case(statement.text, "select") && lower(statement.text).find("set_config") != std::string::npos;
    if (!set && !call) continue;
    const auto tokens = tokens_of(statement, lexical_rules());
    if (set) add_set(tokens, names);
    else add_set_config(tokens, names);
  }
  std::vector<std::string> sql;
  if (names.empty()) return sql;
  if (connection == nullptr) {
    for (const auto& name : names) {
      if (name == "role" || name == "session_authorization") sql.push_back(name == "role" ? "RESET ROLE" : "RESET SESSION AUTHORIZATION");
      else sql.push_back("RESET " + name);
    }
    return sql;
  }
  // Who we are comes back first: what may be set depends on it.
  std::string query = "select ";
  for (const auto* first : {"session_authorization", "role"}) {
    if (names.erase(first) != 0) query += std::string("'") + first + "', pg_catalog.current_setting('" + first + "'), ";
  }
  for (const auto& name : names) query += quote_text(name) + ", pg_catalog.current_setting(" + quote_text(name) + ", true), ";
  query.resize(query.size() - 2);
  const auto values = connection->query(query).rows.at(0);
  for (std::size_t i = 0; i + 1 < values.size(); i += 2) {
    if (!values[i + 1]) continue;  // a setting of the unit's own: the session had none of that name
    sql.push_back("SELECT pg_catalog.set_config(" + quote_text(*values[i]) + ", " + quote_text(*values[i + 1]) + ", false)");
  }
  return sql;
}

/// Functions of C and of the server itself are taken to be as good as built in. SET of a session stands where a statement begins, that of
/// UPDATE does not.
bool code_may_change_session(Connection& connection) {
  const auto found = connection.query(R"(
    select exists (select from pg_catalog.pg_proc p join pg_catalog.pg_language l on l.oid = p.prolang
                    where p.oid >= 16384 and l.lanname not in ('internal', 'c')
                      and (l.lanname not in ('sql', 'plpgsql') or p.proconfig is not null or p.prosrc is null or p.prosrc = ''
                           or p.prosrc ~* E'\\m(set_config|setseed|discard|temp|temporary|prepare|execute|listen|load|hold)\\M|advisory'
                           or p.prosrc ~* E'(^|;|>>|\\*/|--[^\\n]*\\n|\\m(begin|then|else|loop|atomic)\\M)\\s*(set|reset)\\M')))");
  return found.rows.at(0).at(0) == "t";
}

std::string own_settings(Connection& connection) {
  const auto now = connection.query("select session_user, pg_catalog.current_setting('role'), pg_catalog.current_setting('lock_timeout'), pg_catalog.current_setting('statement_timeout'), version()").rows.at(0);
  if (now[4].value_or("").find("CockroachDB") != std::string::npos) return {};  // it has no session authorization
  const auto role = now[1].value_or("none");
  return "SET TRANSACTION READ WRITE;\nSET LOCAL SESSION AUTHORIZATION " + quote_name(now[0].value_or("")) + ";\nSET LOCAL ROLE " + (role == "none" ? "NONE" : quote_name(role)) +
         ";\nSET LOCAL lock_timeout = " + quote_text(now[2].value_or("0")) + ";\nSET LOCAL statement_timeout = " + quote_text(now[3].value_or("0")) + ";\n";
}

}  // namespace migrate::postgresql
