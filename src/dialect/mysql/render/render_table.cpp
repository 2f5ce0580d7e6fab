#include "dialect/mysql/render/render_table.hpp"

#include <fmt/format.h>

#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"

namespace migrate::mysql {
namespace {

std::string charset_sql(const std::string& collation) {
  return collation == "binary" ? "CHARACTER SET binary" : fmt::format("CHARACTER SET {} COLLATE {}", charset_of(collation), collation);
}

std::string default_sql(const Default& value, const Type& type, const Context& context) {
  if (value.expression) return value.text.starts_with("current_timestamp(") ? value.text : "(" + value.text + ")";
  const auto literal = literal_sql(type, value.text);
  // MySQL takes defaults of these types as expressions only.
  if (!context.mariadb && (is_text_or_blob(type) || is_json(type))) return "(" + literal + ")";
  return literal;
}

std::string hidden_sql(const Options& options, const Context& context) {
  if (!is_on(options, "invisible")) return {};
  return context.mariadb ? " IGNORED" : " INVISIBLE";
}

/// USING, WITH PARSER, COMMENT and whatever else an engine wants behind a key's columns.
std::string key_tail(const Options& options, const std::string& using_method, const std::string& comment, const Context& context) {
  std::string text;
  if (!using_method.empty()) text += " USING " + upper(using_method);
  for (const auto& [key, value] : options) {
    if (key == "using" || key == "invisible") continue;
    if (key == "parser") text += " WITH PARSER " + quote_name(value);
    else text += fmt::format(" {}={}", upper(key), value.find_first_not_of("0123456789") == std::string::npos ? value : quote_text(value));
  }
  if (!comment.empty()) text += " COMMENT " + quote_text(comment);
  return text + hidden_sql(options, context);
}

std::string names_sql(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote_name(name));
  return "(" + join(quoted, ", ") + ")";
}

}  // namespace

Table with_collations(Table table, const std::string& database_collation) {
  const auto collation = table_collation(table, database_collation);
  for (auto& column : table.columns) {
    if (column.type.empty()) continue;
    const auto base = column.type.substr(0, column.type.find_first_of("( "));
    if (has_charset(Type{.base = base})) column.collation = column_collation(column, collation);
    column.options.erase("charset");
  }
  table.options["collation"] = collation;
  table.options.erase("charset");
  return table;
}

std::string column_sql(const Column& column, const Context& context, const std::string& table_collation) {
  const auto type = read_type(column.type, context);
  const auto& options = column.options;
  const auto spelled = column.declared.spelling.find("type_sql");
  const bool as_written = spelled != column.declared.spelling.end() && read_type(spelled->second, context).text() == column.type;
  std::string text = quote_name(column.name) + " ";
  // In sql_mode ORACLE a date has a time, and a blob is a long one.
  if (context.oracle && (type.base == "date" || type.base == "blob" || type.base == "timestamp")) text += "mariadb_schema.";
  text += as_written ? spelled->second : column.type;
  if (!column.collation.empty() && column.collation != table_collation) text += " " + charset_sql(column.collation);
  if (options.contains("compressed")) text += option(options, "compressed") == "true" ? " COMPRESSED" : " COMPRESSED=" + option(options, "compressed");
  for (const auto* key : {"srid", "ref_system_id"}) {
    if (options.contains(key)) text += fmt::format(" {}{}{}", upper(key), std::string_view(key) == "srid" ? " " : "=", option(options, key));
  }
  if (options.contains("as_row")) text += " GENERATED ALWAYS AS ROW " + upper(option(options, "as_row"));
  if (column.generated) text += fmt::format(" GENERATED ALWAYS AS ({}) {}", column.generated->expression, column.generated->stored ? "STORED" : "VIRTUAL");
  const bool row = options.contains("as_row");
  if (!column.nullable && !(column.generated && context.mariadb) && !row) text += " NOT NULL";
  if (column.nullable && type.base == "timestamp" && !column.generated && !row) text += " NULL";
  if (column.default_value) text += " DEFAULT " + default_sql(*column.default_value, type, context);
  else if (column.nullable && type.base == "timestamp" && !column.generated && !row) text += " DEFAULT NULL";
  if (options.contains("on_update")) text += " ON UPDATE " + option(options, "on_update");
  if (column.identity) text += " AUTO_INCREMENT";
  if (is_on(options, "invisible")) text += " INVISIBLE";
  if (!column.comment.empty()) text += " COMMENT " + quote_text(column.comment);
  if (options.contains("column_check")) text += " CHECK (" + option(options, "column_check") + ")";
  if (is_on(options, "without_system_versioning")) text += " WITHOUT SYSTEM VERSIONING";
  static const std::set<std::string, std::less<>> known = {"compressed", "srid", "ref_system_id", "as_row", "on_update", "invisible", "column_check", "charset", "without_system_versioning"};
  for (const auto& [key, value] : options) {
    if (known.contains(key)) continue;
    if (key == "storage" || key == "column_format") text += " " + upper(key) + " " + upper(value);
    else text += fmt::format(" {}={}", backtick(key), quote_text(value));
  }
  return text;
}

/// "btree" where somebody wrote it, though it is what the server does by itself.
static std::string written_method(const Declaration& declared, const std::string& method) {
  const auto it = declared.spelling.find("method");
  return method.empty() && it != declared.spelling.end() ? it->second : method;
}

std::string parts_sql(const std::vector<IndexPart>& parts) {
  std::vector<std::string> texts;
  for (const auto& part : parts) {
    auto text = part.expression.empty() ? quote_name(part.column) : "(" + part.expression + ")";
    if (part.prefix_length > 0) text += "(" + std::to_string(part.prefix_length) + ")";
    if (!part.opclass.empty()) text += " " + upper(part.opclass);
    if (part.descending) text += " DESC";
    texts.push_back(std::move(text));
  }
  return "(" + join(texts, ", ") + ")";
}

std::string primary_key_sql(const PrimaryKey& key) {
  return "PRIMARY KEY " + parts_sql(key.parts) + key_tail(key.options, option(key.options, "using"), key.comment, {});
}

std::string unique_sql(const Unique& unique, const Context& context) {
  return "UNIQUE KEY " + quote_name(unique.name) + " " + parts_sql(unique.parts) + key_tail(unique.options, written_method(unique.declared, option(unique.options, "using")), unique.comment, context);
}

std::string index_sql(const Index& index, const Context& context) {
  const bool kind = index.method == "fulltext" || index.method == "spatial" || index.method == "vector";
  return (kind ? upper(index.method) + " " : "") + "KEY " + quote_name(index.name) + " " + parts_sql(index.parts) +
         key_tail(index.options, kind ? std::string() : written_method(index.declared, index.method), index.comment, context);
}

std::string foreign_key_sql(const ForeignKey& key) {
  std::string text = "CONSTRAINT " + quote_name(key.name) + " FOREIGN KEY " + names_sql(key.columns) + " REFERENCES " + quote_name(key.references) + " " +
                     names_sql(key.referenced_columns);
  const auto action = [&](const char* property, const std::string& canonical) {
    const auto it = key.declared.spelling.find(property);
    return canonical.empty() && it != key.declared.spelling.end() ? it->second : canonical;
  };
  if (const auto done = action("on_delete", key.on_delete); !done.empty()) text += " ON DELETE " + upper(done);
  if (const auto done = action("on_update", key.on_update); !done.empty()) text += " ON UPDATE " + upper(done);
  return text;
}

std::string check_sql(const Check& check) {
  return (check.name.empty() ? "" : "CONSTRAINT " + quote_name(check.name) + " ") + "CHECK (" + check.expression + ")" + (check.not_enforced ? " NOT ENFORCED" : "");
}

bool is_plain_option(const std::string& key) {
  return key != "charset" && key != "collation" && key != "partition_by" && key != "system_versioning" && key != "period" && key != "period_system_time";
}

std::string option_sql(const std::string& key, const std::string& value) {
  static const std::set<std::string, std::less<>> words = {"engine", "row_format", "insert_method", "pack_keys", "stats_persistent", "stats_auto_recalc",
                                                           "tablespace", "secondary_engine", "union"};
  const bool bare = words.contains(key) || (!value.empty() && value.find_first_not_of("0123456789") == std::string::npos);
  const auto name = key == "data_directory" || key == "index_directory" ? replace_all(upper(key), "_", " ") : upper(key);
  return name + "=" + (key == "row_format" ? upper(value) : bare ? value : quote_text(value));
}

std::string option_reset_sql(const std::string& key, const Context& context) {
  static const std::set<std::string, std::less<>> numbers = {"key_block_size", "max_rows", "min_rows", "avg_row_length", "checksum", "delay_key_write",
                                                             "transactional", "table_checksum"};
  if (key == "engine") return "ENGINE=" + context.engine;
  if (numbers.contains(key)) return upper(key) + "=0";
  if (key == "encryption") return "ENCRYPTION='N'";
  if (key == "compression") return "COMPRESSION='none'";
  if (key == "connection") return "CONNECTION=''";
  if (key == "insert_method") return "INSERT_METHOD=NO";
  return upper(key) + "=DEFAULT";
}

std::string create_table_sql(const Table& table, const Context& context, const std::string& name, bool temporary) {
  const auto whole = with_collations(table, context.collation);
  const auto collation = option(whole.options, "collation");
  std::vector<std::string> lines;
  for (const auto& column : whole.columns) lines.push_back(column_sql(column, context, collation));
  if (const auto period = option(table.options, "period_system_time"); !period.empty()) lines.push_back("PERIOD FOR SYSTEM_TIME (" + period + ")");
  if (const auto period = option(table.options, "period"); !period.empty()) lines.push_back("PERIOD FOR " + period);
  if (table.primary_key) lines.push_back(primary_key_sql(*table.primary_key));
  for (const auto& unique : table.uniques) lines.push_back(unique_sql(unique, context));
  for (const auto& index : table.indexes) lines.push_back(index_sql(index, context));
  for (const auto& key : table.foreign_keys) lines.push_back(foreign_key_sql(key));
  for (const auto& check : table.checks) lines.push_back(check_sql(check));

  std::string text = fmt::format("CREATE {}TABLE {} (\n  {}\n)", temporary ? "TEMPORARY " : "", name.empty() ? quote_name(table.name) : name, join(lines, ",\n  "));
  for (const auto& [key, value] : table.options) {
    if (is_plain_option(key)) text += " " + option_sql(key, value);
  }
  if (table.options.contains("collation")) text += fmt::format(" DEFAULT CHARSET={} COLLATE={}", charset_of(collation), collation);
  if (!table.comment.empty()) text += " COMMENT=" + quote_text(table.comment);
  if (is_on(table.options, "system_versioning")) text += " WITH SYSTEM VERSIONING";
  if (const auto partitions = option(table.options, "partition_by"); !partitions.empty()) text += "\nPARTITION BY " + partitions;
  return text;
}

}  // namespace migrate::mysql
