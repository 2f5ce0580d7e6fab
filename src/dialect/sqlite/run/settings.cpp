#include "dialect/sqlite/run/settings.hpp"

#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/sql/classify.hpp"

namespace migrate::sqlite {
namespace {

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

}  // namespace migrate::sqlite
