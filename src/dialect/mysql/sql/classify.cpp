#include "dialect/mysql/sql/classify.hpp"

#include <algorithm>
#include <map>
#include <string>

#include "core/text.hpp"
#include "dialect/mysql/sql/session_use.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// The first words of a statement, upper case; executable comments count as code.
std::vector<std::string> first_words(std::string_view sql, std::size_t count, const LexicalRules& rules) {
  std::vector<std::string> words;
  Lexer lexer(sql, rules);
  try {
    for (Token token{}; words.size() < count && lexer.next(token);) {
      if (words.empty() && token.is_symbol("(")) continue;
      words.push_back(token.kind == TokenKind::quoted_name ? std::string(token.text) : upper(token.text));
    }
  } catch (const Error&) {  // an unterminated quote further on
  }
  words.resize(count);
  return words;
}

StatementClass classify_with(std::string_view sql, const LexicalRules& rules) {
  // WITH ... SELECT is a query, WITH ... DELETE and UPDATE change rows: the verb stands outside all parentheses.
  int depth = 0;
  for (const auto& token : tokenize(sql, rules)) {
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")")) --depth;
    if (depth > 0) continue;
    if (token.is("DELETE") || token.is("UPDATE") || token.is("INSERT") || token.is("REPLACE")) return StatementClass::data;
    if (token.is("SELECT") || token.is("VALUES") || token.is("TABLE")) break;
  }
  return StatementClass::query;
}

StatementClass classify_set(std::string_view sql, const LexicalRules& rules, const std::vector<std::string>& words) {
  // SET PASSWORD, SET GLOBAL, SET DEFAULT ROLE, SET ROLE: only the session's own settings are done again on resuming.
  if (words[1] == "PASSWORD" || words[1] == "DEFAULT") return StatementClass::definition;
  if (words[1] == "GLOBAL" || words[1] == "PERSIST" || words[1].starts_with("@@GLOBAL") || words[1].starts_with("@@PERSIST")) {
    return StatementClass::other;
  }
  if (words[1] == "STATEMENT") return StatementClass::other;  // MariaDB: SET STATEMENT x=1 FOR any statement
  // What reads rows, variables or a clock, or calls anything, is not the same when it is done again.
  return session_use(sql, rules).constant ? StatementClass::session : StatementClass::data;
}

/// SELECT and DO. INTO OUTFILE writes a file; what sets a variable or calls somebody's own function, which may change rows, is recorded like a change.
StatementClass classify_select(std::string_view sql, const LexicalRules& rules) {
  const auto tokens = tokenize(sql, rules);
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    if (tokens[i - 1].is("INTO") && (tokens[i].is("OUTFILE") || tokens[i].is("DUMPFILE"))) return StatementClass::other;
  }
  const auto use = session_use(sql, rules);
  if (use.constant) return StatementClass::session;  // SELECT GET_LOCK('a', 1)
  return use.leaves.empty() && use.ends.empty() && !use.anything ? StatementClass::query : StatementClass::data;
}

const std::map<std::string, StatementClass, std::less<>>& verbs() {
  using enum StatementClass;
  static const std::map<std::string, StatementClass, std::less<>> table = {
      {"INSERT", data}, {"UPDATE", data}, {"DELETE", data}, {"REPLACE", data}, {"LOAD", data},
      {"CREATE", definition}, {"ALTER", definition}, {"DROP", definition}, {"RENAME", definition}, {"TRUNCATE", definition},
      {"GRANT", definition}, {"REVOKE", definition}, {"COMMENT", definition}, {"INSTALL", definition}, {"UNINSTALL", definition},
      {"USE", session}, {"LOCK", session}, {"UNLOCK", session}, {"PREPARE", session}, {"DEALLOCATE", session},
      {"SHOW", query}, {"DESCRIBE", query}, {"DESC", query}, {"EXPLAIN", query}, {"VALUES", query}, {"TABLE", query}, {"HELP", query},
      {"CHECKSUM", query}, {"CHECK", query},
      {"BEGIN", transaction}, {"START", transaction}, {"COMMIT", transaction}, {"ROLLBACK", transaction}, {"SAVEPOINT", transaction},
      {"RELEASE", transaction}, {"XA", transaction}};
  return table;
}

}  // namespace

StatementClass classify_statement(std::string_view sql, const LexicalRules& rules) {
  const auto words = first_words(sql, 4, rules);
  if (words[0] == "WITH") return classify_with(sql, rules);
  if (words[0] == "SET") return words[1] == "TRANSACTION" ? StatementClass::session : classify_set(sql, rules, words);
  if (words[0] == "SELECT" || words[0] == "DO") return classify_select(sql, rules);
  if (words[0] == "BEGIN" && words[1] == "NOT") return StatementClass::other;  // a compound statement of MariaDB
  if ((words[0] == "START" || words[0] == "STOP") && words[1] != "TRANSACTION") return StatementClass::other;
  // A temporary table commits nothing, and dies with its session.
  if ((words[0] == "CREATE" || words[0] == "DROP") && (words[1] == "TEMPORARY" || words[3] == "TEMPORARY")) return StatementClass::data;
  if (words[0] == "ANALYZE" || words[0] == "EXPLAIN") {
    // ANALYZE runs its statement; EXPLAIN ANALYZE too, but only of queries
    return words[1] == "TABLE" || words[0] == "EXPLAIN" ? StatementClass::query : StatementClass::other;
  }
  const auto found = verbs().find(words[0]);
  return found == verbs().end() ? StatementClass::other : found->second;
}

bool may_return_several_results(std::string_view sql, const LexicalRules& rules) {
  const auto words = first_words(sql, 2, rules);
  static const std::map<std::string, int, std::less<>> compound = {{"CALL", 0}, {"EXECUTE", 0}, {"IF", 0},   {"CASE", 0}, {"LOOP", 0},
                                                                   {"WHILE", 0}, {"REPEAT", 0},  {"FOR", 0}};
  return compound.contains(words[0]) || (words[0] == "BEGIN" && words[1] == "NOT") || (words[0] == "SET" && words[1] == "STATEMENT") ||
         words[0] == "ANALYZE" || words[0] == "CHECK";
}

bool makes_program(std::string_view sql, const LexicalRules& rules) {
  // CREATE OR REPLACE DEFINER = user@host AGGREGATE FUNCTION
  const auto words = first_words(sql, 12, rules);
  if (words[0] != "CREATE" && words[0] != "ALTER") return false;
  return std::any_of(words.begin() + 1, words.end(), [](const std::string& word) {
    return word == "TRIGGER" || word == "FUNCTION" || word == "PROCEDURE" || word == "EVENT" || word == "PACKAGE";
  });
}

bool commits_transaction(std::string_view sql, const LexicalRules& rules) {
  const auto words = first_words(sql, 4, rules);
  switch (classify_statement(sql, rules)) {
    case StatementClass::definition: return true;
    case StatementClass::transaction: return words[0] == "XA";
    case StatementClass::data:
      if (words[0] == "LOAD") return words[1] != "DATA" && words[1] != "XML";
      return words[0] == "SET" && upper(sql).find("AUTOCOMMIT") != std::string::npos;
    case StatementClass::session:
      return words[0] == "LOCK" || words[0] == "UNLOCK" || (words[0] == "SET" && upper(sql).find("AUTOCOMMIT") != std::string::npos);
    case StatementClass::query: return words[0] == "CHECK" || words[0] == "ANALYZE";
    case StatementClass::other: return words[0] != "SELECT";
  }
  return true;
}

}  // namespace migrate::mysql
