// What stands in the way of a statement: who blocks it (performance_schema.metadata_locks tells on MySQL,
// metadata_lock_info, a plugin, on MariaDB, information_schema.innodb_trx and the process list on both), and a fault of the server.

#include "dialect/mysql/run/blockers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

std::string cell(const Row& row, std::size_t i) { return i < row.size() ? row[i].value_or("") : std::string(); }

/// The names a statement could mean, as literals for IN (...).
std::string names_in(const Statement& statement) {
  std::set<std::string> names;
  Lexer lexer(statement.text, rules_of(statement, lexical_rules()));
  for (Token token{}; lexer.next(token) && names.size() < 200;) {
    if (token.kind == TokenKind::quoted_name || (token.kind == TokenKind::word && !is_reserved(token.text))) names.insert(quote_text(unquote_name(token.text)));
  }
  std::vector<std::string> list(names.begin(), names.end());
  return list.empty() ? "''" : join(list, ", ");
}

/// Rows of: id, user, host, seconds, command, state, statement.
std::vector<Row> try_query(Connection& connection, const std::string& sql) {
  try {
    return connection.query(sql).rows;
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    return {};  // no such table, or no right to read it
  }
}

}  // namespace

std::vector<std::string> find_blockers(Connection& connection, const Statement& statement) {
  const std::string who = "p.id, p.user, p.host, p.time, p.command, p.state, left(coalesce(p.info, ''), 200)";
  const auto names = names_in(statement);
  const std::vector<std::string> queries = {
      fmt::format(R"(SELECT DISTINCT {} FROM performance_schema.metadata_locks l
                     JOIN performance_schema.threads t ON t.thread_id = l.owner_thread_id
                     JOIN information_schema.processlist p ON p.id = t.processlist_id
                     WHERE l.lock_status = 'GRANTED' AND l.object_schema = database() AND l.object_name IN ({}) AND p.id <> connection_id())",
                  who, names),
      fmt::format(R"(SELECT DISTINCT {} FROM information_schema.metadata_lock_info l JOIN information_schema.processlist p ON p.id = l.thread_id
                     WHERE l.table_schema = database() AND l.table_name IN ({}) AND p.id <> connection_id())",
                  who, names),
      fmt::format(R"(SELECT DISTINCT {} FROM information_schema.innodb_trx x JOIN information_schema.processlist p ON p.id = x.trx_mysql_thread_id
                     WHERE p.id <> connection_id() AND (p.db = database() OR p.db IS NULL))",
                  who),
      fmt::format(R"(SELECT {} FROM information_schema.processlist p
                     WHERE p.id <> connection_id() AND p.db = database() AND p.command NOT IN ('Sleep', 'Daemon', 'Binlog Dump') AND p.time > 0)",
                  who)};
  for (const auto& sql : queries) {
    const auto rows = try_query(connection, sql);
    if (rows.empty()) continue;
    std::vector<std::string> lines;
    for (const auto& row : rows) {
      auto host = cell(row, 2);
      if (const auto colon = host.rfind(':'); colon != std::string::npos) host.resize(colon);
      const auto what = collapse_spaces(cell(row, 6));
      lines.push_back(fmt::format("connection {} ({}@{}), {} for {} s{}", cell(row, 0), cell(row, 1), host,
                                  cell(row, 4) == "Sleep" ? "idle in a transaction" : lower(cell(row, 4)), cell(row, 3), what.empty() ? "" : ": " + what));
    }
    return lines;
  }
  return {};
}

bool mend_stale_table(Connection& connection, const Statement& statement, const DatabaseError& error) {
  const auto says = [&](std::string_view text) { return error.message().find(text) != std::string::npos; };
  // vtgate hears of a new table or column a moment after the shards have it.
  if (says("' not found in table '") || says("VT09015: schema tracking required") || says("VT09004: ")) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return true;
  }
  if (!says("Unknown column") || !(says("in 'CHECK'") || says("in 'DEFAULT'") || says("in 'GENERATED ALWAYS AS'"))) return false;
  const auto tokens = tokens_of(statement, lexical_rules());
  auto table = std::find_if(tokens.begin(), tokens.end(), [](const Token& token) { return token.is("TABLE"); });
  if (tokens.end() - table > 3 && table[1].is("IF") && table[2].is("EXISTS")) table += 2;
  if (tokens.empty() || !tokens[0].is("ALTER") || tokens.end() - table < 2) return false;
  auto name = quote_name(unquote_name(table[1].text));
  if (tokens.end() - table > 3 && table[2].is_symbol(".")) name += "." + quote_name(unquote_name(table[3].text));
  connection.execute("ALTER TABLE " + name + " ENABLE KEYS");
  return true;
}

}  // namespace migrate::mysql
