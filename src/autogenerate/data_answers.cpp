#include "autogenerate/data_answers.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

/// A literal of a column: a bare number where it is one, else a text, which every engine takes for its own types.
std::string literal(const std::string& text, const Column& column, const Dialect& dialect) {
  const auto family = type_family(column.type);
  const auto digits = text.starts_with('-') ? text.substr(1) : text;
  const bool number = !digits.empty() && digits.find_first_not_of("0123456789") == std::string::npos && digits.size() < 19;
  if (number && (family == "integer" || family == "number")) return text;
  return dialect.sql().quote_value(text);
}

const Column& only_key(const Table& table, const Column& column, const Location& location) {
  const auto* key = table.primary_key && table.primary_key->parts.size() == 1 ? find_named(table.columns, table.primary_key->parts[0].column) : nullptr;
  if (key != nullptr && key->name != column.name) return *key;
  throw Error{ErrorKind::usage, "cannot fill " + table.name.text() + "." + column.name + " by the key of its rows: " + table.name.text() + " has no primary key of one column",
              "give an expression", location};
}

/// A key as text behind a prefix; CONCAT and || mean the same on no two engines, so that the prefix goes by what both know.
std::string prefixed(const std::string& prefix, const Column& key, const Column& column, const Dialect& dialect) {
  const auto name = dialect.sql().quote_name(key.name);
  if (prefix.empty()) return name;
  const auto family = type_family(column.type);
  if (family == "integer" || family == "number") return literal(prefix, column, dialect) + " + " + name;
  return dialect.sql().join_texts({dialect.sql().quote_value(prefix), name});
}

}  // namespace

std::string_view to_text(FillRule::Kind kind) {
  switch (kind) {
    case FillRule::Kind::constant: return "constant";
    case FillRule::Kind::expression: return "expression";
    case FillRule::Kind::column: return "column";
    case FillRule::Kind::key: return "key";
    case FillRule::Kind::random: return "random";
    case FillRule::Kind::rows: return "rows";
  }
  return "";
}

const ValueMap* DataAnswers::map_of(const std::string& column, const std::string& type) const {
  const auto of = by_type.find(column);
  for (const auto& name : {column, of == by_type.end() ? type : of->second}) {
    if (const auto it = values.find(name); it != values.end()) {
      used.insert("values: " + name);
      return &it->second;
    }
  }
  return nullptr;
}

const FillRule* DataAnswers::fill_of(const std::string& column) const {
  const auto it = fills.find(column);
  if (it == fills.end()) return nullptr;
  used.insert("fill: " + column);
  return &it->second;
}

void check_data_answers(const DataAnswers& answers, const Schema& declared) {
  std::vector<std::string> names;
  for (const auto& table : declared.tables) {
    for (const auto& column : table.columns) names.push_back(table.name.text() + "." + column.name);
  }
  const auto refuse = [&](const std::string& section, const std::string& name, const std::string& what, const Location& location) {
    const bool there = std::find(names.begin(), names.end(), name) != names.end();
    throw Error{ErrorKind::usage, "answers: nothing comes of " + section + " for " + name + ": " + (there ? what : "the model has no such column"), there ? "leave it out" : did_you_mean(name, names), location};
  };
  for (const auto& [name, map] : answers.values) {
    if (!answers.used.contains("values: " + name)) refuse("values", name, "it loses no values", {});
  }
  for (const auto& [name, rule] : answers.fills) {
    if (!answers.used.contains("fill: " + name)) refuse("fill", name, "it is not new and does not become NOT NULL", rule.location);
  }
}

std::string case_sql(const std::string& column, const std::vector<std::pair<std::string, std::string>>& values) {
  std::string text = "CASE " + column;
  for (const auto& [before, after] : values) text += " WHEN " + before + " THEN " + after;
  return text + " ELSE " + column + " END";
}

std::string fill_sql(const FillRule& rule, const Table& table, const Column& column, const std::string& own, const Dialect& dialect) {
  switch (rule.kind) {
    case FillRule::Kind::constant: return literal(rule.text, column, dialect);
    case FillRule::Kind::expression: return rule.text;
    case FillRule::Kind::column: return dialect.sql().quote_name(rule.text);
    case FillRule::Kind::key: return prefixed(rule.text, only_key(table, column, rule.location), column, dialect);
    case FillRule::Kind::random: return dialect.sql().random_text(type_family(column.type) == "uuid");
    case FillRule::Kind::rows: {
      const auto& key = only_key(table, column, rule.location);
      std::string text = "CASE " + dialect.sql().quote_name(key.name);
      for (const auto& [row, value] : rule.rows) text += " WHEN " + literal(row, key, dialect) + " THEN " + literal(value, column, dialect);
      const auto rest = !rule.text.empty() ? literal(rule.text, column, dialect) : own;
      return text + (rest.empty() ? "" : " ELSE " + rest) + " END";
    }
  }
  return "NULL";
}

}  // namespace migrate
