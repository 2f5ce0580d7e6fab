#include "dialect/sqlite/run/frame.hpp"

#include <algorithm>
#include <array>
#include <map>

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

/// The table that "DROP TABLE [IF EXISTS] name" drops, or "" for another statement.
std::string dropped_table(const std::vector<Token>& tokens) {
  if (!among(tokens, 0, {"DROP"}) || !among(tokens, 1, {"TABLE"})) return {};
  std::size_t i = among(tokens, 2, {"IF"}) ? 4 : 2;
  if (i + 2 < tokens.size() && tokens[i + 1].is_symbol(".")) i += 2;
  return i < tokens.size() ? unquote_name(tokens[i].text) : std::string();
}

/// A table made anew by hand is dropped in its course, which deletes its rows; where keys are enforced they take rows of other
/// tables along, or break their references.
void refuse_cascading_rebuild(Connection& connection, const std::vector<Statement>& statements) {
  std::vector<std::pair<std::string, const Statement*>> dropped;
  std::vector<std::pair<std::string, const Statement*>> rebuilt;
  for (const auto& statement : statements) {
    const bool drop = starts_with_ignoring_case(statement.text, "DROP");
    const bool alter = starts_with_ignoring_case(statement.text, "ALTER");
    if (!drop && !alter) continue;
    const auto tokens = tokenize(statement.text, lexical_rules());
    if (const auto table = dropped_table(tokens); !table.empty()) dropped.emplace_back(table, &statement);
    if (tokens.size() < 3 || !alter || !tokens[tokens.size() - 2].is("TO") || !tokens[tokens.size() - 3].is("RENAME")) continue;
    for (const auto& one : dropped) {
      if (equal_ignoring_case(one.first, unquote_name(tokens.back().text))) rebuilt.push_back(one);
    }
  }
  if (rebuilt.empty() || connection.query("PRAGMA foreign_keys").rows.at(0).at(0) != "1") return;
  for (const auto& [table, statement] : rebuilt) {
    const auto children = connection.query("SELECT m.name, f.on_delete FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND f.on_delete IN "
                                           "('CASCADE', 'SET NULL', 'SET DEFAULT') AND lower(f.\"table\") = lower(" + quote_text(table) + ") AND lower(m.name) <> lower(" + quote_text(table) + ")");
    for (const auto& child : children.rows) {
      const auto name = child.at(0).value_or("");
      if (connection.query("SELECT 1 FROM " + quote_name(name) + " LIMIT 1").rows.empty()) continue;
      throw Error{ErrorKind::usage, "DROP TABLE " + table + " deletes its rows, and those of " + name + " with them (ON DELETE " + child.at(1).value_or("") + "): foreign keys are enforced here",
                  "put PRAGMA foreign_keys = OFF at the unit's very beginning and PRAGMA foreign_keys = ON at its end", statement->location};
    }
  }
}

}  // namespace

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

UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection) {
  UnitFrame frame;
  std::map<std::size_t, Pragma> pragmas;  // those that set something, by their places
  bool checks = false;
  auto restore = restore_session(statements, connection);
  for (std::size_t i = 0; i < statements.size(); ++i) {
    // Only statements of these two kinds matter: most are never read as tokens.
    const bool pragma = starts_with_ignoring_case(statements[i].text, "PRAGMA");
    const bool drop = starts_with_ignoring_case(statements[i].text, "DROP");
    if (!pragma && !drop) continue;
    const auto tokens = tokenize(statements[i].text, lexical_rules());
    if (auto found = pragma_of(tokens); found.sets) {
      checks = checks || found.name == "foreign_keys";
      pragmas.emplace(i, std::move(found));
    }
    checks = checks || among(tokens, 1, {"TABLE"});
  }
  const auto outside_only = [&](std::size_t i) {
    const auto it = pragmas.find(i);
    return it != pragmas.end() && works_outside_only(it->second);
  };
  std::size_t first = 0;
  while (first < statements.size() && outside_only(first)) ++first;
  std::size_t last = statements.size();
  while (last > first && outside_only(last - 1)) --last;
  for (const auto& [i, pragma] : pragmas) {
    const auto& name = pragma.name;
    if (name == "page_size" || name == "auto_vacuum") {
      throw Error{ErrorKind::usage, "PRAGMA " + name + " holds from the next VACUUM on, which cannot run in this unit's transaction",
                  "set 'transaction: off' in the unit's header and put VACUUM behind it", statements[i].location};
    }
    const bool inside = i >= first && i < last;
    if (!inside || !works_outside_only(pragma) || (name == "foreign_keys" && turns_off(statements[i].text))) continue;
    throw Error{ErrorKind::usage, "PRAGMA " + name + " does nothing inside a transaction, and this unit runs in one",
                "put it at the unit's very beginning or end, or set 'transaction: off'", statements[i].location};
  }
  const bool keys_off = std::any_of(pragmas.begin(), pragmas.end(), [&](const auto& pragma) {
    return pragma.second.name == "foreign_keys" && turns_off(statements[pragma.first].text);
  });
  if (connection != nullptr && !keys_off) refuse_cascading_rebuild(*connection, statements);
  if (checks) frame.violations = foreign_key_violations;
  frame.restore = std::move(restore);
  if (pragmas.empty()) {
    frame.statements = std::move(statements);
    return frame;
  }
  const auto at = [&](std::size_t i) { return std::make_move_iterator(statements.begin() + static_cast<std::ptrdiff_t>(i)); };
  frame.before.assign(at(0), at(first));
  // A unit that was written in parts turns keys off where the first rebuild stands: they are off for all of it then, and
  // what that leaves undone is found by the check.
  for (std::size_t i = first; i < last; ++i) {
    const auto pragma = pragmas.find(i);
    auto& into = pragma != pragmas.end() && pragma->second.name == "foreign_keys" ? frame.before : frame.statements;
    into.push_back(std::move(statements[i]));
  }
  frame.after.assign(at(last), at(statements.size()));
  return frame;
}

}  // namespace migrate::sqlite
