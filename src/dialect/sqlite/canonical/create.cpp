#include "dialect/sqlite/canonical/create.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

std::string on_conflict(const Options& options, const std::string& key = "on_conflict") {
  const auto it = options.find(key);
  return it == options.end() || it->second.empty() ? "" : " ON CONFLICT " + upper(it->second);
}

bool is_key_column(const Table& table, const std::string& name) {
  return table.primary_key && std::any_of(table.primary_key->parts.begin(), table.primary_key->parts.end(),
                                          [&](const IndexPart& part) { return part.column == name; });
}

/// A key of one column stands with its column: AUTOINCREMENT and "INTEGER PRIMARY KEY DESC" can stand nowhere else. A
/// named one stands below with the other constraints if it can.
bool key_stands_with_column(const Table& table) {
  if (!table.primary_key || table.primary_key->parts.size() != 1) return false;
  const IndexPart& part = table.primary_key->parts[0];
  if (!part.collation.empty()) return false;
  if (table.primary_key->name.empty() || part.descending) return true;
  return std::any_of(table.columns.begin(), table.columns.end(),
                     [&](const Column& column) { return column.name == part.column && column.identity.has_value(); });
}

std::string not_null_sql(const Column& column, const Table& table) {
  if (column.nullable) return {};
  const std::string clause = "NOT NULL" + on_conflict(column.options, "not_null_conflict");
  const auto it = column.declared.spelling.find("not_null");
  const bool key = is_key_column(table, column.name);
  if (it == column.declared.spelling.end()) {
    // The rowid is never NULL, and WITHOUT ROWID makes its key columns NOT NULL.
    const bool implied = key && clause == "NOT NULL" && (has_rowid_alias(table) || table.options.contains("without_rowid"));
    return implied ? "" : " " + clause;
  }
  if (it->second.empty()) return key ? "" : " " + clause;
  return lower(it->second).ends_with(lower(clause)) ? " " + it->second : " " + clause;
}

std::string type_sql(const Column& column) {
  const auto it = column.declared.spelling.find("type");
  const std::string& type = it != column.declared.spelling.end() && canonical_type(it->second) == column.type ? it->second : column.type;
  return type.empty() ? "" : " " + type;
}

std::string collation_sql(const std::string& collation, const Declaration& declared) {
  if (collation.empty()) return {};
  const auto it = declared.spelling.find("collation");
  const bool kept = it != declared.spelling.end() && equal_ignoring_case(it->second, collation);
  return " COLLATE " + quote_name(kept ? it->second : upper(collation));
}

std::string default_clause(const Column& column, const std::vector<Column>& columns) {
  if (!column.default_value) return {};
  const auto it = column.declared.spelling.find("default");
  if (it != column.declared.spelling.end() && canonical_default(it->second, column.type, columns) == column.default_value) {
    return " DEFAULT " + it->second;
  }
  return " DEFAULT " + default_sql(*column.default_value, column.type);
}

std::string part_sql(const Index& index, std::size_t number, const std::vector<Column>& columns) {
  const IndexPart& part = index.parts[number];
  if (const auto it = index.declared.spelling.find("part " + std::to_string(number + 1)); it != index.declared.spelling.end()) {
    std::vector<IndexPart> read{read_index_part(it->second, columns)};
    settle_parts(read, columns);
    if (read[0] == part) return it->second;
  }
  const bool sum = part.column.empty() && !part.collation.empty();
  std::string text = part.column.empty() ? (sum ? "(" + part.expression + ")" : part.expression) : quote_name(part.column);
  if (!part.collation.empty()) text += " COLLATE " + quote_name(upper(part.collation));
  return part.descending ? text + " DESC" : text;
}

std::string key_part_sql(const IndexPart& part) {
  std::string text = part.column.empty() ? part.expression : quote_name(part.column);
  if (!part.collation.empty()) text += " COLLATE " + quote_name(upper(part.collation));
  return part.descending ? text + " DESC" : text;
}

std::string key_parts_sql(const std::vector<IndexPart>& parts) {
  std::vector<std::string> texts;
  for (const auto& part : parts) texts.push_back(key_part_sql(part));
  return "(" + join(texts, ", ") + ")";
}

std::string names_sql(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const auto& name : names) texts.push_back(quote_name(name));
  return "(" + join(texts, ", ") + ")";
}

}  // namespace

std::string constraint_prefix(const std::string& name) { return name.empty() ? "" : "CONSTRAINT " + quote_name(name) + " "; }

bool has_rowid_alias(const Table& table) {
  if (!table.primary_key || table.primary_key->parts.size() != 1 || table.options.contains("without_rowid")) return false;
  const IndexPart& part = table.primary_key->parts[0];
  return !part.descending && std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) {
    return column.name == part.column && column.type == "integer";
  });
}

std::string column_sql(const Column& column, const Table& table) {
  std::string text = quote_name(column.name) + type_sql(column) + not_null_sql(column, table);
  if (key_stands_with_column(table) && table.primary_key->parts[0].column == column.name) {
    const PrimaryKey& key = *table.primary_key;
    text += " " + constraint_prefix(key.name) + "PRIMARY KEY";
    if (key.parts[0].descending) text += " DESC";
    text += on_conflict(key.options);
    if (column.identity) text += " AUTOINCREMENT";
  }
  text += default_clause(column, table.columns) + collation_sql(column.collation, column.declared);
  if (column.generated) {
    text += " GENERATED ALWAYS AS (" + spelled(column.declared, "generated", column.generated->expression, table.columns) + ")";
    text += column.generated->stored ? " STORED" : " VIRTUAL";
  }
  return text;
}

std::string check_sql(const Check& check, const std::vector<Column>& columns) {
  return constraint_prefix(check.name) + "CHECK (" + spelled(check.declared, "expression", check.expression, columns) + ")";
}

std::string reference_sql(const ForeignKey& key) {
  std::string text = "REFERENCES " + quote_name(key.references.name);
  if (!key.referenced_columns.empty()) text += " " + names_sql(key.referenced_columns);
  if (!key.match.empty()) text += " MATCH " + upper(key.match);
  if (!key.on_update.empty()) text += " ON UPDATE " + upper(key.on_update);
  if (!key.on_delete.empty()) text += " ON DELETE " + upper(key.on_delete);
  if (key.deferrable) text += key.initially_deferred ? " DEFERRABLE INITIALLY DEFERRED" : " DEFERRABLE";
  return text;
}

std::string create_table_sql(const Table& table, const std::string& name) {
  std::vector<std::string> lines;
  for (const auto& column : table.columns) lines.push_back(column_sql(column, table));
  if (table.primary_key && !key_stands_with_column(table)) {
    const PrimaryKey& key = *table.primary_key;
    lines.push_back(constraint_prefix(key.name) + "PRIMARY KEY " + key_parts_sql(key.parts) + on_conflict(key.options));
  }
  for (const auto& unique : table.uniques) {
    lines.push_back(constraint_prefix(unique.name) + "UNIQUE " + key_parts_sql(unique.parts) + on_conflict(unique.options));
  }
  for (const auto& key : table.foreign_keys) {
    lines.push_back(constraint_prefix(key.name) + "FOREIGN KEY " + names_sql(key.columns) + " " + reference_sql(key));
  }
  for (const auto& check : table.checks) lines.push_back(check_sql(check, table.columns));
  std::string text = "CREATE TABLE " + quote_name(name) + " (\n  " + join(lines, ",\n  ") + "\n)";
  std::vector<std::string> options;
  if (table.options.contains("without_rowid")) options.emplace_back("WITHOUT ROWID");
  if (table.options.contains("strict")) options.emplace_back("STRICT");
  return options.empty() ? text : text + " " + join(options, ", ");
}

std::string create_index_sql(const Index& index, const Table& table) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < index.parts.size(); ++i) parts.push_back(part_sql(index, i, table.columns));
  std::string text = std::string("CREATE ") + (index.unique ? "UNIQUE " : "") + "INDEX " + quote_name(index.name) + " ON " +
                     quote_name(table.name.name) + " (" + join(parts, ", ") + ")";
  if (!index.where.empty()) text += " WHERE " + spelled(index.declared, "where", index.where, table.columns);
  return text;
}

std::string create_view_sql(const View& view) {
  std::string text = "CREATE VIEW " + quote_name(view.name.name);
  if (!view.columns.empty()) text += " " + names_sql(view.columns);
  return text + " AS\n" + view.definition;
}

}  // namespace migrate::sqlite
