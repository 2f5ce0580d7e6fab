#include "dialect/sqlite/run/fingerprint.hpp"

#include <set>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/sqlite/sql/classify.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {

/// sqlite_schema's rows of everything whose name, or whose table's name, stands in the statement.
Fingerprint fingerprint(Connection& connection, const Statement& statement) {
  if (classify(statement) != StatementClass::definition) return {};
  std::set<std::string> names;
  for (const Token& token : tokenize(statement.text, lexical_rules())) {
    if (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name) names.insert(lower(unquote_name(token.text)));
    if (token.kind == TokenKind::string) names.insert(lower(unquote_text(token.text)));
  }
  // VACUUM, ANALYZE, REINDEX and PRAGMA change nothing that sqlite_schema shows.
  if (!names.contains("create") && !names.contains("drop") && !names.contains("alter")) return {};
  std::string description;
  for (const Row& row : connection.query("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY type, name").rows) {
    if (!names.contains(lower(*row[1])) && !names.contains(lower(*row[2]))) continue;
    for (const Value& value : row) description += value.value_or("") + '\x1f';
    description += '\x1e';
  }
  return {true, sha256(description)};
}

}  // namespace migrate::sqlite
