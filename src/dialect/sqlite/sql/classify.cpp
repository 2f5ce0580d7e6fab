#include "dialect/sqlite/sql/classify.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"

namespace migrate::sqlite {
namespace {

StatementClass classify_pragma(const Pragma& pragma) {
  static constexpr std::array<std::string_view, 6> kept{"application_id", "auto_vacuum", "encoding", "journal_mode", "page_size", "user_version"};
  static constexpr std::array<std::string_view, 10> asks{"foreign_key_check", "foreign_key_list", "index_info", "index_list", "index_xinfo",
                                                         "integrity_check",   "quick_check",      "table_info", "table_list", "table_xinfo"};
  if (!pragma.sets || std::find(asks.begin(), asks.end(), pragma.name) != asks.end()) return StatementClass::query;
  return std::find(kept.begin(), kept.end(), pragma.name) != kept.end() ? StatementClass::definition : StatementClass::session;
}

}  // namespace

bool among(const std::vector<Token>& tokens, std::size_t at, std::initializer_list<std::string_view> words) {
  return at < tokens.size() && std::any_of(words.begin(), words.end(), [&](std::string_view word) { return tokens[at].is(word); });
}

Pragma pragma_of(const std::vector<Token>& tokens) {
  if (!among(tokens, 0, {"PRAGMA"}) || tokens.size() < 2) return {};
  std::size_t at = 1;
  if (tokens.size() > 3 && tokens[2].is_symbol(".")) at = 3;
  return {lower(unquote_name(tokens[at].text)), at + 1 < tokens.size()};
}

StatementClass classify(const Statement& statement) {
  std::vector<Token> tokens(1);
  Lexer lexer(statement.text, lexical_rules(), statement.location);
  if (!lexer.next(tokens.front())) return StatementClass::other;
  // What the first word tells alone: a unit can hold hundreds of thousands of such statements.
  if (among(tokens, 0, {"SELECT", "VALUES", "EXPLAIN"})) return StatementClass::query;
  if (among(tokens, 0, {"INSERT", "UPDATE", "DELETE", "REPLACE"})) return StatementClass::data;
  if (among(tokens, 0, {"CREATE", "DROP", "ALTER"})) return StatementClass::definition;
  // Done again they end the same.
  if (among(tokens, 0, {"REINDEX", "ANALYZE", "VACUUM"})) return StatementClass::query;
  for (Token token{}; lexer.next(token);) tokens.push_back(token);
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

}  // namespace migrate::sqlite
