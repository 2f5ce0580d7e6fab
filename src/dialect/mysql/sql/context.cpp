#include "dialect/mysql/sql/context.hpp"

#include "core/text.hpp"
#include "dialect/mysql/sql/usual_session.hpp"

namespace migrate::mysql {

std::string option(const Options& options, const std::string& key) {
  const auto found = options.find(key);
  return found == options.end() ? std::string() : found->second;
}

bool is_on(const Options& options, const std::string& key) {
  const auto value = lower(option(options, key));
  return value == "true" || value == "yes" || value == "1" || value == "on";
}

Context context_of(const ServerInfo& server) {
  Context context;
  context.mariadb = server.product != "MySQL";
  context.version = server.version_number;
  const auto& facts = server.defaults;
  context.database = option(facts, "database");
  context.collation = option(facts, "collation");
  if (const auto engine = option(facts, "engine"); !engine.empty()) context.engine = engine;
  const auto names = option(facts, "lower_case_table_names");
  context.lower_case_names = !names.empty() && names != "0";
  const auto timestamps = option(facts, "explicit_defaults_for_timestamp");
  context.explicit_timestamps = timestamps.empty() || timestamps == "1";
  const auto mode = option(facts, "sql_mode");
  context.pipes_concat = mode.find("PIPES_AS_CONCAT") != std::string::npos;
  context.oracle = mode.find("ORACLE") != std::string::npos;
  context.real_is_float = mode.find("REAL_AS_FLOAT") != std::string::npos;
  for (const auto& pair : split(option(facts, "collations"), ',')) {
    const auto equals = pair.find('=');
    if (equals != std::string::npos) context.default_collations[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  context.usual = usual_provenance(server);
  return context;
}

Context context_of(const ServerInfo& server, const Schema& schema) {
  auto context = context_of(server);
  if (const auto collation = option(schema.options, "collation"); !collation.empty()) context.collation = collation;
  return context;
}

std::string charset_of(std::string_view collation) { return std::string(collation.substr(0, collation.find('_'))); }

std::string resolve_collation(const Context& context, std::string charset, std::string collation, const std::string& inherited) {
  charset = lower(charset);
  collation = lower(collation);
  if (context.has_utf8mb3()) {
    // The same charset under its old name.
    if (charset == "utf8") charset = "utf8mb3";
    if (collation.starts_with("utf8_")) collation = "utf8mb3_" + collation.substr(5);
  }
  if (collation.starts_with("uca1400")) collation = (charset.empty() ? charset_of(inherited) : charset) + "_" + collation;
  if (!collation.empty()) return collation;
  if (charset.empty()) return inherited;
  if (charset == "binary") return charset;
  const auto found = context.default_collations.find(charset);
  return found == context.default_collations.end() ? charset + "_general_ci" : found->second;
}

std::string table_collation(const Table& table, const std::string& database_collation) {
  const auto own = option(table.options, "collation");
  return own.empty() ? database_collation : own;
}

std::string column_collation(const Column& column, const std::string& table_collation) {
  return column.collation.empty() ? table_collation : column.collation;
}

namespace {

void set_relative(Options& options, std::string& collation_field, const std::string& collation, const std::string& inherited) {
  options.erase("charset");
  collation_field.clear();
  if (collation.empty() || collation == inherited) return;
  collation_field = collation;
  if (charset_of(collation) != charset_of(inherited)) options["charset"] = charset_of(collation);
}

}  // namespace

void set_table_collation(Table& table, const std::string& collation, const std::string& inherited) {
  std::string value;
  set_relative(table.options, value, collation, inherited);
  if (value.empty()) table.options.erase("collation");
  else table.options["collation"] = value;
}

void set_column_collation(Column& column, const std::string& collation, const std::string& inherited) {
  set_relative(column.options, column.collation, collation, inherited);
}

}  // namespace migrate::mysql
