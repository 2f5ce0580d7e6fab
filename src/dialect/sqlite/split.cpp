#include "dialect/sqlite/split.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/text.hpp"

namespace migrate::sqlite {
namespace {

Location place_of(std::string_view sql, const Token& token, const Location& start) {
  const auto line_start = token.offset == 0 ? std::string_view::npos : sql.rfind('\n', token.offset - 1);
  int column = static_cast<int>(token.offset - (line_start == std::string_view::npos ? 0 : line_start + 1)) + 1;
  if (token.line == 1 && start.column > 1) column += start.column - 1;
  return {start.file, std::max(start.line, 1) + token.line - 1, column};
}

/// Whether the tokens start a trigger, whose body holds ';' up to its "; END".
bool starts_trigger(const std::vector<Token>& tokens) {
  std::size_t i = 0;
  if (i < tokens.size() && tokens[i].is("EXPLAIN")) ++i;
  if (i >= tokens.size() || !tokens[i].is("CREATE")) return false;
  ++i;
  if (i < tokens.size() && (tokens[i].is("TEMP") || tokens[i].is("TEMPORARY"))) ++i;
  return i < tokens.size() && tokens[i].is("TRIGGER");
}

/// The end of a trigger is END behind a ';' (a CASE inside ends without one), as in sqlite3_complete().
bool complete(const std::vector<Token>& tokens) {
  if (!starts_trigger(tokens)) return true;
  const std::size_t count = tokens.size();
  return count >= 2 && tokens[count - 1].is("END") && tokens[count - 2].is_symbol(";");
}

void refuse_client_command(std::string_view sql, const Token& token, const Location& start) {
  if (!token.is_symbol(".") && !token.is_symbol("\\")) return;
  const auto line_end = std::min(sql.find('\n', token.offset), sql.size());
  const std::string line(trim(sql.substr(token.offset, line_end - token.offset)));
  throw Error{ErrorKind::usage, "'" + line + "' is a command of a client program, not SQL",
              "take it out; '-- migrate: include FILE' brings in another file", place_of(sql, token, start)};
}

void finish(std::string_view sql, std::vector<Token>& tokens, const Location& start, std::vector<Statement>& statements) {
  if (tokens.empty()) return;
  const std::size_t from = tokens.front().offset;
  const std::size_t to = tokens.back().offset + tokens.back().text.size();
  statements.push_back({std::string(sql.substr(from, to - from)), place_of(sql, tokens.front(), start)});
  tokens.clear();
}

bool among(const std::vector<Token>& tokens, std::size_t at, std::initializer_list<std::string_view> words) {
  return at < tokens.size() && std::any_of(words.begin(), words.end(), [&](std::string_view word) { return tokens[at].is(word); });
}

struct Pragma {
  std::string name;
  bool sets = false;
};

/// PRAGMA [schema.]name [= value | (value)]; an empty name for any other statement.
Pragma pragma_of(const std::vector<Token>& tokens) {
  if (!among(tokens, 0, {"PRAGMA"}) || tokens.size() < 2) return {};
  std::size_t at = 1;
  if (tokens.size() > 3 && tokens[2].is_symbol(".")) at = 3;
  return {lower(unquote_name(tokens[at].text)), at + 1 < tokens.size()};
}

StatementClass classify_pragma(const Pragma& pragma) {
  static constexpr std::array<std::string_view, 6> kept{"application_id", "auto_vacuum", "encoding", "journal_mode", "page_size", "user_version"};
  static constexpr std::array<std::string_view, 10> asks{"foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo",
                                                         "integrity_check",   "quick_check",      "table_info", "table_list", "table_xinfo"};
  if (!pragma.sets || std::find(asks.begin(), asks.end(), pragma.name) != asks.end()) return StatementClass::query;
  return std::find(kept.begin(), kept.end(), pragma.name) != kept.end() ? StatementClass::definition : StatementClass::session;
}

}  // namespace

std::vector<Statement> split(std::string_view sql, const Location& location) {
  std::vector<Statement> statements;
  std::vector<Token> tokens;
  Lexer lexer(sql, lexical_rules(), location);
  for (Token token{}; lexer.next(token);) {
    if (tokens.empty()) refuse_client_command(sql, token, location);
    if (token.is_symbol(";") && complete(tokens)) {
      finish(sql, tokens, location, statements);
    } else {
      tokens.push_back(token);
    }
  }
  finish(sql, tokens, location, statements);
  return statements;
}

StatementClass classify(const Statement& statement) {
  const std::vector<Token> tokens = tokenize(statement.text, lexical_rules());
  if (among(tokens, 0, {"SELECT", "VALUES", "EXPLAIN"})) return StatementClass::query;
  if (among(tokens, 0, {"INSERT", "UPDATE", "DELETE", "REPLACE"})) return StatementClass::data;
  if (among(tokens, 0, {"CREATE", "DROP", "ALTER"})) return StatementClass::definition;
  // Done again they end the same.
  if (among(tokens, 0, {"REINDEX", "ANALYZE", "VACUUM"})) return StatementClass::query;
  if (among(tokens, 0, {"PRAGMA"})) return classify_pragma(pragma_of(tokens));
  if (among(tokens, 0, {"ATTACH", "DETACH", "SAVEPOINT", "RELEASE"})) return StatementClass::session;
  if (among(tokens, 0, {"ROLLBACK"})) {
    const bool to_savepoint = among(tokens, 1, {"TO"}) || (among(tokens, 1, {"TRANSACTION"}) && among(tokens, 2, {"TO"}));
    return to_savepoint ? StatementClass::session : StatementClass::transaction;
  }
  if (among(tokens, 0, {"BEGIN", "COMMIT", "END"})) return StatementClass::transaction;
  if (among(tokens, 0, {"WITH"})) {
    const bool writes = std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
      return token.is("INSERT") || token.is("UPDATE") || token.is("DELETE") || token.is("REPLACE");
    });
    return writes ? StatementClass::data : StatementClass::query;
  }
  return StatementClass::other;
}

// ---- the frame of a unit -----------------------------------------------------------------------------------------------

namespace {

/// PRAGMAs that do nothing, or fail, inside a transaction (manual, pragma.html).
bool works_outside_only(const Pragma& pragma) {
  static constexpr std::array<std::string_view, 6> names{"foreign_keys", "journal_mode", "locking_mode", "synchronous", "temp_store", "wal_checkpoint"};
  return pragma.sets && std::find(names.begin(), names.end(), pragma.name) != names.end();
}

bool turns_off(const std::string& pragma) {
  const auto tokens = tokenize(pragma, lexical_rules());
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) {
    const std::string value = lower(token.kind == TokenKind::string ? unquote_text(token.text) : std::string(token.text));
    return value == "off" || value == "0" || value == "false" || value == "no";
  });
}

/// Rows whose foreign key finds no parent. A key over columns that are not unique in the parent makes the check of its
/// table fail ("foreign key mismatch"); then the tables are asked one by one, and that one is left out.
std::vector<std::string> foreign_key_violations(Connection& connection) {
  const auto describe = [](const Result& result, std::vector<std::string>& lines) {
    for (const Row& row : result.rows) {
      const std::string where = row[1] ? "row " + *row[1] + " of " : "a row of ";
      lines.push_back(where + row[0].value_or("?") + " refers to a row of " + row[2].value_or("?") + " that does not exist");
    }
  };
  std::vector<std::string> lines;
  try {
    describe(connection.query("PRAGMA foreign_key_check"), lines);
    return lines;
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::statement) throw;
  }
  lines.clear();
  for (const Row& row : connection.query("SELECT name FROM sqlite_schema WHERE type = 'table'").rows) {
    try {
      describe(connection.query("PRAGMA foreign_key_check(" + quote_text(*row[0]) + ")"), lines);
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
    }
  }
  return lines;
}

/// What a later unit does not expect to find changed.
bool is_of_the_session(const std::string& pragma) {
  static const std::set<std::string, std::less<>> names{"foreign_keys", "ignore_check_constraints", "legacy_alter_table", "recursive_triggers", "writable_schema"};
  return names.contains(pragma);
}

std::string current_setting(Connection& connection, const std::string& pragma) {
  const Result result = connection.query("PRAGMA " + pragma);
  return result.rows.empty() ? std::string() : result.rows[0][0].value_or("");
}

}  // namespace

std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection) {
  std::set<std::string> names;
  for (const auto& statement : statements) {
    if (!starts_with_ignoring_case(statement.text, "PRAGMA")) continue;
    if (auto pragma = pragma_of(tokenize(statement.text, lexical_rules())); pragma.sets && is_of_the_session(pragma.name)) names.insert(pragma.name);
  }
  std::vector<std::string> sql;
  if (connection == nullptr) return sql;
  for (const auto& name : names) sql.push_back("PRAGMA " + name + " = " + current_setting(*connection, name));
  return sql;
}

UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection) {
  UnitFrame frame;
  std::vector<Pragma> pragmas;
  bool checks = false;
  auto restore = restore_session(statements, connection);
  for (const auto& statement : statements) {
    // Only statements of these two kinds matter: most are never read as tokens.
    const bool pragma = starts_with_ignoring_case(statement.text, "PRAGMA");
    const bool drop = starts_with_ignoring_case(statement.text, "DROP");
    const auto tokens = pragma || drop ? tokenize(statement.text, lexical_rules()) : std::vector<Token>{};
    pragmas.push_back(pragma_of(tokens));
    checks = checks || among(tokens, 1, {"TABLE"}) || (pragmas.back().sets && pragmas.back().name == "foreign_keys");
  }
  std::size_t first = 0;
  while (first < statements.size() && works_outside_only(pragmas[first])) ++first;
  std::size_t last = statements.size();
  while (last > first && works_outside_only(pragmas[last - 1])) --last;
  for (std::size_t i = first; i < last; ++i) {
    if (pragmas[i].name != "foreign_keys" || !pragmas[i].sets) continue;
    if (turns_off(statements[i].text)) continue;
    throw Error{ErrorKind::usage, "PRAGMA foreign_keys does nothing inside a transaction, and this unit runs in one",
                "put it at the unit's very beginning or end, or set 'transaction: off'", statements[i].location};
  }
  const auto at = [&](std::size_t i) { return std::make_move_iterator(statements.begin() + static_cast<std::ptrdiff_t>(i)); };
  frame.before.assign(at(0), at(first));
  // A unit that was written in parts turns keys off where the first rebuild stands: they are off for all of it then, and
  // what that leaves undone is found by the check.
  for (std::size_t i = first; i < last; ++i) {
    auto& into = pragmas[i].name == "foreign_keys" && pragmas[i].sets ? frame.before : frame.statements;
    into.push_back(std::move(statements[i]));
  }
  frame.after.assign(at(last), at(statements.size()));
  if (checks) frame.violations = foreign_key_violations;
  frame.restore = std::move(restore);
  return frame;
}

}  // namespace migrate::sqlite
