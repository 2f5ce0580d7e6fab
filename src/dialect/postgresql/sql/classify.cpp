#include "dialect/postgresql/sql/classify.hpp"

#include <algorithm>
#include <initializer_list>

#include "dialect/postgresql/sql/session_use.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

bool one_of(const Token& token, std::initializer_list<const char*> words) {
  return std::any_of(words.begin(), words.end(), [&](const char* word) { return token.is(word); });
}

StatementClass classify_select(const std::vector<Token>& tokens) {
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].is("into")) return StatementClass::definition;
    if (one_of(tokens[i], {"insert", "update", "delete", "merge"})) return StatementClass::data;
    // A function may do anything: setval(), or one of the user's.
    const bool call = i + 1 < tokens.size() && tokens[i].is_name() && tokens[i + 1].is_symbol("(");
    if (call && !one_of(tokens[i], {"count", "sum", "min", "max", "avg", "coalesce", "in", "exists", "values", "now", "lower", "upper", "and",
                                    "or", "not", "from", "where", "as", "select", "on", "any", "all", "current_setting", "length"})) {
      return StatementClass::data;
    }
  }
  return StatementClass::query;
}

}  // namespace

StatementClass classify(const Statement& statement) {
  const auto tokens = tokens_of(statement, lexical_rules());
  if (tokens.empty()) return StatementClass::query;
  const auto& first = tokens[0];
  if (one_of(first, {"begin", "start", "commit", "end", "abort"})) return StatementClass::transaction;
  if (first.is("rollback")) return tokens.size() > 1 && std::any_of(tokens.begin() + 1, tokens.end(), [](const Token& t) { return t.is("to"); })
                                       ? StatementClass::session : StatementClass::transaction;
  if (first.is("prepare") && tokens.size() > 1 && tokens[1].is("transaction")) return StatementClass::transaction;
  if (one_of(first, {"savepoint", "release", "set", "reset", "discard", "listen", "unlisten", "prepare", "deallocate", "declare",
                     "fetch", "close", "load", "lock"})) {
    return StatementClass::session;
  }
  if (one_of(first, {"insert", "update", "delete", "merge", "truncate", "copy", "do", "notify", "execute"})) return StatementClass::data;
  if (first.is("explain") && tokens.size() > 1 && std::any_of(tokens.begin() + 1, tokens.end(), [](const Token& token) { return one_of(token, {"analyze", "analyse"}); })) {
    return StatementClass::data;  // it runs the statement
  }
  if (one_of(first, {"select", "with", "values", "table"}) || first.is_symbol("(")) {
    return session_use(statement.text, rules_of(statement, lexical_rules())).constant ? StatementClass::session : classify_select(tokens);  // set_config() is SET in another form
  }
  // Done again they end the same.
  if (one_of(first, {"show", "explain", "vacuum", "analyze", "analyse", "reindex", "cluster", "checkpoint", "refresh"})) return StatementClass::query;
  if (one_of(first, {"create", "alter", "drop", "comment", "grant", "revoke", "security", "reassign", "import"})) return StatementClass::definition;
  return StatementClass::other;
}

}  // namespace migrate::postgresql
