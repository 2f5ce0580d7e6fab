#include "migrate/definitions.hpp"

namespace migrate {

TableName::TableName(const std::string& name) {
  const auto dot = name.find('.');
  name_ = dot == std::string::npos ? QualifiedName{"", name} : QualifiedName{name.substr(0, dot), name.substr(dot + 1)};
}

namespace {

/// A literal default; nothing for an expression, which goes its own way.
std::optional<Default> literal_of(const Scalar& value) {
  if (value.kind() == Scalar::Kind::null || value.kind() == Scalar::Kind::expression) return std::nullopt;
  return Default{false, value.text()};
}

std::vector<IndexPart> plain_parts(const Names& columns) {
  std::vector<IndexPart> parts;
  for (const auto& column : columns) parts.push_back({.column = column});
  return parts;
}

}  // namespace

// ---- foreign keys --------------------------------------------------------------------------------------------------

ForeignKeyDefinition::ForeignKeyDefinition(Names columns, const TableName& table, Names referenced) {
  value.columns = std::move(columns);
  value.references = table.get();
  value.referenced_columns = std::move(referenced);
}
ForeignKeyDefinition& ForeignKeyDefinition::named(std::string name) { return value.name = std::move(name), *this; }
ForeignKeyDefinition& ForeignKeyDefinition::on_delete(std::string action) { return value.on_delete = std::move(action), *this; }
ForeignKeyDefinition& ForeignKeyDefinition::on_update(std::string action) { return value.on_update = std::move(action), *this; }
ForeignKeyDefinition& ForeignKeyDefinition::match_full() { return value.match = "full", *this; }
ForeignKeyDefinition& ForeignKeyDefinition::deferrable(bool initially_deferred) {
  value.deferrable = true;
  value.initially_deferred = initially_deferred;
  return *this;
}
ForeignKeyDefinition& ForeignKeyDefinition::not_valid() { return value.not_valid = true, *this; }
ForeignKeyDefinition& ForeignKeyDefinition::comment(std::string text) { return value.comment = std::move(text), *this; }

// ---- indexes -------------------------------------------------------------------------------------------------------

IndexDefinition::IndexDefinition(Names parts) {
  // What stands in a part is read where the table's columns are known.
  for (auto& part : parts) value.parts.push_back({.column = std::move(part)});
}
IndexDefinition& IndexDefinition::named(std::string name) { return value.name = std::move(name), *this; }
IndexDefinition& IndexDefinition::unique() { return value.unique = true, *this; }
IndexDefinition& IndexDefinition::where(SqlText text) { return condition = std::move(text), *this; }
IndexDefinition& IndexDefinition::method(std::string name) { return value.method = std::move(name), *this; }
IndexDefinition& IndexDefinition::include(Names columns) { return value.include = std::move(columns), *this; }
IndexDefinition& IndexDefinition::nulls_not_distinct() { return value.nulls_not_distinct = true, *this; }
IndexDefinition& IndexDefinition::comment(std::string text) { return value.comment = std::move(text), *this; }
IndexDefinition& IndexDefinition::option(std::string key, std::string text) { return value.options[std::move(key)] = std::move(text), *this; }
IndexDefinition& IndexDefinition::concurrently() { return is_concurrent = true, *this; }

// ---- columns -------------------------------------------------------------------------------------------------------

ColumnDefinition::ColumnDefinition(std::string name, std::string type) {
  value.name = std::move(name);
  value.type = std::move(type);
}
ColumnDefinition& ColumnDefinition::type_on(std::string engine, std::string type) {
  engine_types.emplace_back(std::move(engine), std::move(type));
  return *this;
}
ColumnDefinition& ColumnDefinition::not_null() { return value.nullable = false, *this; }
ColumnDefinition& ColumnDefinition::nullable() { return value.nullable = true, *this; }
ColumnDefinition& ColumnDefinition::default_value(Scalar scalar) {
  default_expression.reset();
  if (scalar.kind() == Scalar::Kind::expression) default_expression = scalar.expression();
  value.default_value = literal_of(scalar);
  return *this;
}
ColumnDefinition& ColumnDefinition::default_sql(SqlText expression) { return default_value(Scalar(std::move(expression))); }
ColumnDefinition& ColumnDefinition::identity(Identity::Kind kind) { return identity(Identity{kind, {}}); }
ColumnDefinition& ColumnDefinition::identity(Identity identity) {
  value.identity = std::move(identity);
  value.nullable = false;
  return *this;
}
ColumnDefinition& ColumnDefinition::generated(SqlText expression, bool stored) {
  generated_expression = std::move(expression);
  generated_stored = stored;
  return *this;
}
ColumnDefinition& ColumnDefinition::collation(std::string name) { return value.collation = std::move(name), *this; }
ColumnDefinition& ColumnDefinition::comment(std::string text) { return value.comment = std::move(text), *this; }
ColumnDefinition& ColumnDefinition::option(std::string key, std::string text) { return value.options[std::move(key)] = std::move(text), *this; }
ColumnDefinition& ColumnDefinition::values(Names names) { return enum_values = std::move(names), *this; }
ColumnDefinition& ColumnDefinition::backfill(SqlText expression) { return backfill_expression = std::move(expression), *this; }
ColumnDefinition& ColumnDefinition::after(std::string column) { return position = std::move(column), *this; }
ColumnDefinition& ColumnDefinition::primary_key() {
  is_primary_key = true;
  value.nullable = false;
  return *this;
}
ColumnDefinition& ColumnDefinition::unique(std::string name) { return unique_name = std::move(name), *this; }
ColumnDefinition& ColumnDefinition::index(std::string name) { return index_name = std::move(name), *this; }
ColumnDefinition& ColumnDefinition::check(SqlText expression, std::string name) {
  checks.emplace_back(std::move(name), std::move(expression));
  return *this;
}
ColumnDefinition& ColumnDefinition::references(const TableName& table, std::string column, std::string on_delete) {
  foreign_keys.emplace_back(Names{value.name}, table, column.empty() ? Names{} : Names{std::move(column)});
  foreign_keys.back().on_delete(std::move(on_delete));
  return *this;
}

ColumnChange& ColumnChange::type(std::string type, SqlText expression) {
  new_type = std::move(type);
  if (!expression.empty()) cast = std::move(expression);
  return *this;
}
ColumnChange& ColumnChange::type_on(std::string engine, std::string type) {
  engine_types.emplace_back(std::move(engine), std::move(type));
  return *this;
}
ColumnChange& ColumnChange::not_null() { return is_nullable = false, *this; }
ColumnChange& ColumnChange::nullable() { return is_nullable = true, *this; }
ColumnChange& ColumnChange::default_value(Scalar scalar) {
  drop_default = scalar.kind() == Scalar::Kind::null;
  default_expression.reset();
  if (scalar.kind() == Scalar::Kind::expression) default_expression = scalar.expression();
  literal_default = literal_of(scalar);
  return *this;
}
ColumnChange& ColumnChange::default_sql(SqlText expression) { return default_value(Scalar(std::move(expression))); }
ColumnChange& ColumnChange::no_default() { return default_value(Scalar(nullptr)); }
ColumnChange& ColumnChange::identity(Identity::Kind kind) { return new_identity = Identity{kind, {}}, *this; }
ColumnChange& ColumnChange::no_identity() { return drop_identity = true, *this; }
ColumnChange& ColumnChange::collation(std::string name) { return new_collation = std::move(name), *this; }
ColumnChange& ColumnChange::comment(std::string text) { return new_comment = std::move(text), *this; }
ColumnChange& ColumnChange::option(std::string key, std::string text) { return options[std::move(key)] = std::move(text), *this; }
ColumnChange& ColumnChange::values(Names names) { return enum_values = std::move(names), *this; }
ColumnChange& ColumnChange::backfill(SqlText expression) { return backfill_expression = std::move(expression), *this; }

// ---- tables --------------------------------------------------------------------------------------------------------

ColumnDefinition& TableDefinition::column(std::string name, std::string type) { return columns.emplace_back(std::move(name), std::move(type)); }
void TableDefinition::primary_key(Names columns_of_it, std::string key_name) {
  key.emplace();
  key->name = std::move(key_name);
  key->parts = plain_parts(columns_of_it);
}
void TableDefinition::unique(Names columns_of_it, std::string key_name) {
  auto& unique = uniques.emplace_back();
  unique.name = std::move(key_name);
  unique.parts = plain_parts(columns_of_it);
}
ForeignKeyDefinition& TableDefinition::foreign_key(Names columns_of_it, const TableName& table, Names referenced) {
  return foreign_keys.emplace_back(std::move(columns_of_it), table, std::move(referenced));
}
void TableDefinition::check(SqlText expression, std::string check_name) { checks.emplace_back(std::move(check_name), std::move(expression)); }
void TableDefinition::exclusion(std::string exclusion_name, std::string definition) {
  auto& exclusion = exclusions.emplace_back();
  exclusion.name = std::move(exclusion_name);
  exclusion.definition = std::move(definition);
}
IndexDefinition& TableDefinition::index(Names parts, std::string index_name) { return indexes.emplace_back(std::move(parts)).named(std::move(index_name)); }
void TableDefinition::comment(std::string text) { comment_text = std::move(text); }
void TableDefinition::option(std::string key_name, std::string text) { options[std::move(key_name)] = std::move(text); }

}  // namespace migrate
