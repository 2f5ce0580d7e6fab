// Whether what a data statement changes can be rolled back: MyISAM, Aria, MEMORY, CSV and others cannot.

#include "dialect/mysql/run/rolls_back.hpp"

#include <fmt/format.h>

#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

struct NamesUsed {
  std::set<std::string> schemas;  ///< what stands in front of a dot
  std::set<std::string> names;
};

void collect_names(std::string_view sql, const LexicalRules& rules, NamesUsed& found) {
  const auto tokens = tokenize(sql, rules);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.kind != TokenKind::quoted_name && (token.kind != TokenKind::word || is_reserved(token.text))) continue;
    const auto name = unquote_name(token.text);
    if (i + 1 < tokens.size() && tokens[i + 1].is_symbol(".")) found.schemas.insert(name);
    found.names.insert(name);
  }
}

/// Where the rows of "INSERT INTO t (a, b) VALUES (...)" begin, when they are literals alone; else the statement's end. Most statements
/// of a long script are such, and differ behind that place only.
std::size_t end_of_names(std::string_view sql) {
  if (!starts_with_ignoring_case(sql, "INSERT") && !starts_with_ignoring_case(sql, "REPLACE")) return sql.size();
  std::size_t rows = sql.size();
  for (auto at = sql.find_first_of("vV"); at != std::string_view::npos; at = sql.find_first_of("vV", at + 1)) {
    if (!starts_with_ignoring_case(sql.substr(at), "VALUES")) continue;
    rows = at;
    break;
  }
  for (auto at = rows + 6; at < sql.size(); ++at) {
    const char c = sql[at];
    if (c == '\'' || c == '"') {
      for (++at; at < sql.size() && sql[at] != c; ++at) at += sql[at] == '\\' ? 1 : 0;
    } else if (c == '`' || c == '/' || c == '#') {
      return sql.size();  // a name, or a comment that may hold anything
    } else if (c == '(' && at > rows + 6) {
      const auto before = sql.find_last_not_of(" \t\r\n", at - 1);
      if (sql[before] != ',' && before >= rows + 6) return sql.size();  // a call, or a subquery
    } else if ((c == 's' || c == 'S') && starts_with_ignoring_case(sql.substr(at), "SELECT")) {
      return sql.size();
    }
  }
  return rows;
}

/// One lookup for each name: with a list the server would open every table there is.
std::string lookups(const NamesUsed& names, const std::string& select, const std::string& schema_column, const std::string& name_column) {
  std::vector<std::string> parts;
  for (const auto& name : names.names) {
    const auto look = [&](const std::string& schema) {
      parts.push_back(fmt::format("{} WHERE {} = {} AND {} = {}", select, schema_column, schema, name_column, quote_text(name)));
    };
    look("DATABASE()");
    for (const auto& schema : names.schemas) look(quote_text(schema));
  }
  return join(parts, "\nUNION ALL ");
}

}  // namespace

std::string names_that_roll_back(const Statement& statement) {
  const std::string_view text = statement.text;
  if (const auto end = end_of_names(text); end < text.size()) return std::string(text.substr(0, end));
  NamesUsed names;
  collect_names(text, rules_of(statement, lexical_rules()), names);
  std::string by;
  for (const auto& schema : names.schemas) by += schema + ".";
  for (const auto& name : names.names) by += "\n" + name;
  return by;
}

bool changes_roll_back(Connection& connection, const Statement& statement) {
  std::set<std::string> seen;
  NamesUsed names;
  collect_names(std::string_view(statement.text).substr(0, end_of_names(statement.text)), rules_of(statement, lexical_rules()), names);
  // What a table's triggers and a routine or view do in turn counts too.
  for (int depth = 0; depth < 8 && !names.names.empty(); ++depth) {
    const std::vector<std::string> queries = {
        "SELECT engine FROM information_schema.engines WHERE transactions = 'YES'",
        lookups(names, "SELECT engine FROM information_schema.tables", "table_type <> 'SEQUENCE' AND engine IS NOT NULL AND table_schema", "table_name"),
        lookups(names, "SELECT action_statement FROM information_schema.triggers", "event_object_schema", "event_object_table"),
        lookups(names, "SELECT routine_definition FROM information_schema.routines", "routine_schema", "routine_name"),
        lookups(names, "SELECT view_definition FROM information_schema.views", "table_schema", "table_name")};
    const auto results = connection.query_all(queries);
    std::set<std::string> safe;
    for (const auto& row : results[0].rows) safe.insert(row.at(0).value_or(""));
    for (const auto& row : results[1].rows) {
      if (!safe.contains(row.at(0).value_or(""))) return false;
    }
    seen.insert(names.names.begin(), names.names.end());
    NamesUsed next;
    for (std::size_t i = 2; i < results.size(); ++i) {
      for (const auto& row : results[i].rows) collect_names(row.at(0).value_or(""), lexical_rules(), next);
    }
    names = {.schemas = next.schemas, .names = {}};
    for (const auto& name : next.names) {
      if (!seen.contains(name)) names.names.insert(name);
    }
  }
  return true;
}

}  // namespace migrate::mysql
