#include "dialect/sqlite/run/frame.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/sqlite/run/settings.hpp"
#include "dialect/sqlite/sql/classify.hpp"

namespace migrate::sqlite {
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

}  // namespace

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
