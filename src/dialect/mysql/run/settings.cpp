// What a unit changes of the session: a dump switches checks off, a script may USE another database.
#include "dialect/mysql/run/settings.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// The settings of "SET [SESSION] a = 1, @@session.b = 2, @user = 3, NAMES utf8mb4".
void add_set(const std::vector<Token>& tokens, std::set<std::string>& names) {
  bool start = true;
  int depth = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    if (token.is_symbol(",") && depth == 0) start = true;
    if (token.is_symbol(",") || !start) continue;
    if (token.is("SESSION") || token.is("LOCAL")) continue;
    start = false;
    if (token.is("GLOBAL") || token.is("PASSWORD") || token.is("ROLE") || token.is("DEFAULT") || token.is("STATEMENT")) continue;
    if (token.is("TRANSACTION")) {
      if (tokens[1].is("SESSION") || tokens[1].is("LOCAL")) names.insert("tx_isolation");
      continue;
    }
    if (token.is("NAMES") || token.is("CHARACTER") || token.is("CHARSET")) {
      names.insert({"character_set_client", "character_set_results", "character_set_connection", "collation_connection"});
      continue;
    }
    auto name = lower(unquote_name(token.text));
    if (name.starts_with("@@")) name.erase(0, 2);
    for (const auto* scope : {"session.", "local."}) {
      if (name.starts_with(scope)) name.erase(0, std::string_view(scope).size());
    }
    const bool named = !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    if (!named) continue;  // @user, @@global.x
    if ((name == "session" || name == "local") && i + 2 < tokens.size() && tokens[i + 1].is_symbol(".")) name = lower(tokens[i + 2].text);
    if (name != "global") names.insert(std::move(name));
  }
}

bool is_number(const std::string& text) { return !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos; }

}  // namespace

std::string session_setup(const RunTimeouts& timeouts) {
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

std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) {
  if (connection == nullptr) return {};  // what a client's session has is not known
  std::set<std::string> names;
  bool use = false;
  for (const auto& statement : statements) {
    if (classify_statement(statement.text, rules_of(statement, lexical_rules())) != StatementClass::session) continue;
    const auto tokens = tokens_of(statement, lexical_rules());
    if (tokens.empty()) continue;
    use = use || tokens[0].is("USE");
    if (tokens[0].is("SET")) add_set(tokens, names);
  }
  std::vector<std::string> sql;
  if (use) {
    if (const auto home = connection->query("SELECT DATABASE()").rows.at(0).at(0)) sql.push_back("USE " + quote_name(*home));
  }
  std::string list;
  for (const auto& name : names) list += ", " + quote_text(name);
  if (list.empty()) return sql;
  for (const auto& row : connection->query("SHOW SESSION VARIABLES WHERE Variable_name IN (" + list.substr(2) + ")").rows) {
    const auto value = row.at(1).value_or("");
    const bool none = value.empty() && row.at(0) == "character_set_results";
    sql.push_back("SET SESSION " + row.at(0).value_or("") + " = " + (none ? "NULL" : is_number(value) ? value : quote_text(value)));
  }
  return sql;
}

bool code_may_change_session(Connection& connection) {
  static constexpr std::string_view words = "'@|SET|PREPARE|TEMPORARY|LOCK|LAST_INSERT_ID'";
  const auto found = connection.query(fmt::format("SELECT EXISTS (SELECT 1 FROM information_schema.routines WHERE routine_schema = DATABASE() AND routine_definition REGEXP {0}) OR "
                                                  "EXISTS (SELECT 1 FROM information_schema.triggers WHERE trigger_schema = DATABASE() AND action_statement REGEXP {0})",
                                                  words));
  return found.rows.at(0).at(0) != "0";
}

}  // namespace migrate::mysql
