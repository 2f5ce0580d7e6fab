#include "dialect/sqlite/lint/lint.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/text.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

using lint::Context;
using lint::Findings;
using lint::Fix;
using lint::Rule;
using lint::Severity;
using parsed::Action;
using parsed::Verb;

// ---- PRAGMA ------------------------------------------------------------------------------------------------------------

/// PRAGMAs and statements that do nothing, or fail, inside a transaction.
bool works_outside_only(const parsed::Statement& statement) {
  if (statement.verb == Verb::vacuum) return true;
  if (statement.verb != Verb::pragma || statement.value.empty()) return false;
  static constexpr std::array<std::string_view, 6> names{"foreign_keys", "journal_mode", "locking_mode", "synchronous", "temp_store", "wal_checkpoint"};
  return std::find(names.begin(), names.end(), statement.object) != names.end();
}

void check_pragma(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (!context.transaction || !works_outside_only(statement)) return;
  const auto outside = [](const auto& item) { return item.parsed.verb == Verb::pragma && works_outside_only(item.parsed); };
  if (statement.verb == Verb::pragma) {
    // At the unit's beginning and end they stand around its transaction.
    const auto here = context.items.begin() + static_cast<std::ptrdiff_t>(context.at);
    if (std::all_of(context.items.begin(), here, outside) || std::all_of(here, context.items.end(), outside)) return;
    const bool off = statement.value == "off" || statement.value == "0" || statement.value == "false" || statement.value == "no";
    if (statement.object == "foreign_keys" && off) return;  // is moved to the front
  }
  auto& finding = report(context, rule, findings, statement.verb == Verb::vacuum ? "VACUUM fails inside a transaction, and the unit runs in one."
                                                                                 : "PRAGMA " + statement.object + " does nothing inside a transaction, and the unit runs in one.");
  finding.hint = "put it at the very beginning or end of the unit, or write `transaction: off` in the header";
  if (statement.verb == Verb::vacuum) finding.hint = "put it into a unit of its own with `transaction: off`";
}

// ---- "strings" ---------------------------------------------------------------------------------------------------------

bool is_column_somewhere(const Context& context, const std::string& name) {
  const auto in = [&](const auto& columns) { return std::any_of(columns.begin(), columns.end(), [&](const auto& column) { return equal_ignoring_case(column.name, name); }); };
  for (const auto& table : context.state.tables) {
    if (in(table.columns) || equal_ignoring_case(table.name.name, name)) return true;
  }
  for (const auto& item : context.items) {
    if (in(item.parsed.columns) || equal_ignoring_case(item.parsed.name.name, name)) return true;
    for (const auto& action : item.parsed.actions) {
      if (equal_ignoring_case(action.name, name) || equal_ignoring_case(action.to, name)) return true;
    }
  }
  return false;
}

void check_double_quotes(const Context& context, const Rule& rule, Findings& findings) {
  const auto sql = context.sql();
  if (sql.find('"') == std::string_view::npos) return;
  const auto tokens = tokenize(sql, lexical_rules());
  const auto& statement = context.parsed();
  bool in_values = false;
  std::string fixed;
  std::size_t done = 0;
  std::string shown;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.is("VALUES")) in_values = statement.verb == Verb::insert;
    if (token.is("SELECT") || token.is("ON") || token.is("RETURNING")) in_values = false;
    if (i == 0 || token.kind != TokenKind::quoted_name || !token.text.starts_with('"')) continue;
    if (i + 1 < tokens.size() && (tokens[i + 1].is_symbol(".") || tokens[i + 1].is_symbol("("))) continue;
    const auto& before = tokens[i - 1];
    const auto name = unquote_name(token.text);
    const bool always = before.is("DEFAULT") || (in_values && (before.is_symbol("(") || before.is_symbol(",")));
    const bool value = before.is_symbol("=") || before.is_symbol("<>") || before.is_symbol("!=") || before.is_symbol("==") || before.is("LIKE") || before.is("THEN") || before.is("ELSE") ||
                       before.is("GLOB") || (before.is_symbol("(") && i > 1 && tokens[i - 2].is("IN")) || before.is_symbol("||");
    if (!always && !(value && !is_column_somewhere(context, name))) continue;
    if (shown.empty()) shown = std::string(token.text);
    fixed += sql.substr(done, token.offset - done);
    fixed += quote_text(name);
    done = token.offset + token.text.size();
  }
  if (shown.empty()) return;
  fixed += sql.substr(done);
  auto& finding = report(context, rule, findings, shown + " is a name; SQLite takes it for a string only because no column is called so, which other builds and engines do not.");
  finding.fix = Fix{.statements = {fixed}};
}

// ---- versions ----------------------------------------------------------------------------------------------------------

struct Feature {
  int version;
  std::string_view what;
};

std::vector<Feature> features_of(const Context& context) {
  std::vector<Feature> found;
  const auto& statement = context.parsed();
  const auto tokens = tokenize(context.sql(), lexical_rules());
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::rename_column) found.push_back({32500, "RENAME COLUMN"});
    if (action.kind == Action::Kind::drop_column) found.push_back({33500, "DROP COLUMN"});
    if (!action.column.generated.empty()) found.push_back({33100, "generated columns"});
  }
  for (const auto& column : statement.columns) {
    if (!column.generated.empty()) found.push_back({33100, "generated columns"});
  }
  if (statement.options.contains("strict")) found.push_back({33700, "STRICT tables"});
  if (statement.options.contains("without_rowid")) found.push_back({30802, "WITHOUT ROWID"});
  const auto is = [&](std::size_t i, std::string_view word) { return i < tokens.size() && tokens[i].is(word); };
  const bool data = statement.verb == Verb::insert || statement.verb == Verb::update || statement.verb == Verb::remove || statement.verb == Verb::select || statement.verb == Verb::create_view;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (data && is(i, "RETURNING")) found.push_back({33500, "RETURNING"});
    if (is(i, "ON") && is(i + 1, "CONFLICT") && statement.verb == Verb::insert) found.push_back({32400, "ON CONFLICT ... DO (upsert)"});
    if ((is(i, "RIGHT") || is(i, "FULL")) && (is(i + 1, "JOIN") || is(i + 1, "OUTER"))) found.push_back({33900, "RIGHT and FULL JOIN"});
    if (tokens[i].is_symbol("->") || tokens[i].is_symbol("->>")) found.push_back({33800, "the operators -> and ->>"});
    if (is(i, "IIF") && i + 1 < tokens.size() && tokens[i + 1].is_symbol("(")) found.push_back({33200, "iif()"});
    if (is(i, "OVER") && i + 1 < tokens.size() && tokens[i + 1].is_symbol("(")) found.push_back({32500, "window functions"});
    if (is(i, "AS") && (is(i + 1, "MATERIALIZED") || (is(i + 1, "NOT") && is(i + 2, "MATERIALIZED")))) found.push_back({33500, "AS MATERIALIZED"});
    if (is(i, "IS") && is(i + 1, "DISTINCT")) found.push_back({33900, "IS DISTINCT FROM"});
    if (is(i, "NULLS") && (is(i + 1, "FIRST") || is(i + 1, "LAST"))) found.push_back({33000, "NULLS FIRST and LAST"});
    if (is(i, "UNIXEPOCH") && i + 1 < tokens.size() && tokens[i + 1].is_symbol("(")) found.push_back({33800, "unixepoch()"});
  }
  if (statement.verb == Verb::update) {
    int depth = 0;
    for (const auto& token : tokens) {
      if (token.is_symbol("(")) ++depth;
      if (token.is_symbol(")")) --depth;
      if (depth == 0 && token.is("FROM")) found.push_back({33300, "UPDATE ... FROM"});
      if (depth == 0 && token.is("WHERE")) break;
    }
  }
  return found;
}

void check_version(const Context& context, const Rule& rule, Findings& findings) {
  if (context.facts.version == 0) return;
  for (const auto& feature : features_of(context)) {
    if (feature.version <= context.facts.version) continue;
    const auto text = [](int version) { return std::to_string(version / 10000) + "." + std::to_string(version / 100 % 100) + (version % 100 == 0 ? "" : "." + std::to_string(version % 100)); };
    auto& finding = report(context, rule, findings, std::string(feature.what) + " came with SQLite " + text(feature.version) + "; the unit has to run on " + text(context.facts.version) + ".");
    finding.hint = "write it without, or raise lint.version in migrate.yaml";
    return;
  }
}

constexpr Rule rule_table[] = {
    {"LI001", Severity::error, "a column that ADD COLUMN refuses", check_refused_column},
    {"LI002", Severity::error, "an ALTER TABLE that SQLite does not have", check_refused_alter, true},
    {"LI003", Severity::error, "a column that DROP COLUMN refuses", check_refused_drop},
    {"LI004", Severity::error, "a table made anew that is renamed first", check_rename_first},
    {"LI005", Severity::warning, "rows copied by the order of columns", check_copy_by_place},
    {"LI006", Severity::warning, "indexes and triggers lost with a table made anew", check_lost_objects},
    {"LI007", Severity::error, "PRAGMA or VACUUM inside a transaction", check_pragma, true},
    {"LI008", Severity::warning, "a string in double quotes", check_double_quotes, true},
    {"LI009", Severity::error, "a feature newer than the declared version", check_version, true},
};

bool is_reserved(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); });
  // Of SQLite's keywords these cannot be names (the parser falls back to a name for the others).
  static constexpr std::array<std::string_view, 60> words{
      "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit", "constraint", "create", "default", "deferrable", "delete", "distinct",
      "drop", "else", "escape", "except", "exists", "foreign", "from", "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull", "join", "limit", "not",
      "nothing", "notnull", "null", "on", "or", "order", "primary", "references", "returning", "select", "set", "table", "then", "to", "transaction", "union", "unique", "update",
      "using", "values", "when", "where", "if", "within"};
  return plain && name != "if" && name != "within" && std::find(words.begin(), words.end(), name) != words.end();
}

std::map<QualifiedName, long long> table_rows(Connection& connection, const Schema& schema) {
  std::map<QualifiedName, long long> rows;
  for (const auto& table : schema.tables) {
    const auto name = quote_name(table.name.name);
    // The largest rowid is at hand; a table without one is counted, up to where it is big anyway.
    try {
      const auto result = connection.query("SELECT max(_rowid_) FROM " + name);
      rows[{"", lower(table.name.name)}] = std::atoll(result.rows.at(0).at(0).value_or("0").c_str());
    } catch (const DatabaseError&) {
      const auto result = connection.query("SELECT count(*) FROM (SELECT 1 FROM " + name + " LIMIT 1000000)");
      rows[{"", lower(table.name.name)}] = std::atoll(result.rows.at(0).at(0).value_or("0").c_str());
    }
  }
  return rows;
}

std::map<QualifiedName, long long> table_bytes(Connection& connection) {
  std::map<QualifiedName, long long> bytes;
  try {
    // One row a tree, without its pages: the table's and those of its indexes.
    const auto result = connection.query("SELECT s.tbl_name, sum(d.pgsize) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name WHERE d.aggregate = TRUE GROUP BY s.tbl_name");
    for (const auto& row : result.rows) bytes[{"", lower(row[0].value_or(""))}] = std::atoll(row[1].value_or("0").c_str());
  } catch (const DatabaseError&) {  // dbstat is an option of SQLite's build
  }
  return bytes;
}

}  // namespace

const lint::Support& lint_support() {
  static const lint::Support support{.prefix = "LI",
                                     .rules = rule_table,
                                     .fold_case = false,
                                     .longest_name = 0,
                                     .indexes_foreign_keys = false,
                                     .names_constraints = false,
                                     .reserved = is_reserved,
                                     .narrow_key = nullptr,
                                     .table_rows = table_rows,
                                     .table_bytes = table_bytes,
                                     .batched = nullptr};
  return support;
}

}  // namespace migrate::sqlite
