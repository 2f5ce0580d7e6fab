// Definitions of a unit as parts of a declared schema.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "core/yaml.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "library/operations_context.hpp"
#include "schema/lookup.hpp"
#include "schema/model_reader.hpp"

namespace migrate {

void SchemaEditor::fail(const std::string& message, const std::string& hint) const { throw Error{ErrorKind::usage, message, hint, at_}; }

Table& SchemaEditor::table(const QualifiedName& name) {
  if (auto* found = find_named(schema_.tables, name)) return *found;
  if (context_.is_whole()) {
    std::vector<std::string> names;
    for (const auto& table : schema_.tables) names.push_back(table.name.text());
    fail("there is no table '" + name.text() + "'", did_you_mean(name.text(), names));
  }
  if (!context_.server().capabilities.alter_column_in_place) {
    fail("the table '" + name.text() + "' is not known here, and its change may need all of it", "write the script from where a database is: `migrate upgrade --sql`");
  }
  before_.tables.push_back({.name = name});
  return schema_.tables.emplace_back(Table{.name = name});
}

Column& SchemaEditor::column(Table& table, const std::string& name) {
  if (auto* found = find_named(table.columns, name)) return *found;
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  if (context_.is_whole()) fail("the table " + table.name.text() + " has no column '" + name + "'", did_you_mean(name, names));
  fail("the column " + table.name.text() + "." + name + " is not known here", "write the script from where a database is: `migrate upgrade --sql`");
}

// ---- names ---------------------------------------------------------------------------------------------------------

template <class T>
void SchemaEditor::name_it(const Table& table, T& part, const std::vector<T>& others, const std::string& rule, const std::string& columns, const std::string& name) {
  part.declared.location = at_;
  if (!part.name.empty()) return;
  const auto base = model::generated_name(rule, table.name, columns, name);
  part.name = base;
  for (int i = 2; find_named(others, part.name) != nullptr; ++i) part.name = base + "_" + std::to_string(i);
}

namespace {

std::string columns_text(const std::vector<IndexPart>& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) names.push_back(part.column.empty() ? slug(part.expression) : part.column);
  return join(names, "_");
}

}  // namespace

// ---- parts ---------------------------------------------------------------------------------------------------------

void SchemaEditor::set_primary_key(Table& table, PrimaryKey key) {
  for (const auto& part : key.parts) {
    if (context_.is_whole()) column(table, part.column).nullable = false;
  }
  table.primary_key = std::move(key);
}

void SchemaEditor::add(Table& table, Unique unique) {
  name_it(table, unique, table.uniques, context_.environment().model.naming.unique, columns_text(unique.parts), "");
  table.uniques.push_back(std::move(unique));
}

void SchemaEditor::add(Table& table, ForeignKey key) {
  name_it(table, key, table.foreign_keys, context_.environment().model.naming.foreign_key, join(key.columns, "_"), "");
  table.foreign_keys.push_back(std::move(key));
}

void SchemaEditor::add_check(Table& table, const SqlText& expression, const std::string& name, const std::string& column) {
  Check check{.name = name, .expression = context_.text(expression)};
  const auto number = std::to_string(table.checks.size() + 1);
  name_it(table, check, table.checks, context_.environment().model.naming.check, column, column.empty() ? number : column);
  table.checks.push_back(std::move(check));
}

void SchemaEditor::add(Table& table, const IndexDefinition& definition) {
  Index index = definition.value;
  // The model's reader knows how a part is written.
  auto columns = table.columns;
  if (!context_.is_whole()) {
    for (const auto& part : index.parts) {
      const auto name = part.column.substr(0, part.column.find(' '));
      if (find_named(columns, name) == nullptr && name.find('(') == std::string::npos) columns.push_back({.name = name});
    }
  }
  const model::Context reader{at_.file, context_.environment().model};
  for (auto& part : index.parts) {
    yaml::Node node;
    node.kind = yaml::Node::Kind::scalar;
    node.scalar = part.column;
    node.line = at_.line;
    part = model::read_index_part(reader, node, columns, "index of " + table.name.text());
  }
  index.where = context_.text(definition.condition);
  name_it(table, index, table.indexes, context_.environment().model.naming.index, columns_text(index.parts), "");
  table.indexes.push_back(std::move(index));
}

void SchemaEditor::add_values(const std::string& type, const std::optional<Names>& values) {
  if (!values) return;
  const auto name = TableName(type).get();
  if (find_named(schema_.enums, name) != nullptr) return;
  schema_.enums.push_back({.name = name, .values = *values});
}

// ---- columns -------------------------------------------------------------------------------------------------------

void SchemaEditor::add(Table& table, const ColumnDefinition& definition) {
  if (find_named(table.columns, definition.value.name) != nullptr) {
    fail("the table " + table.name.text() + " already has a column '" + definition.value.name + "'");
  }
  Column column = definition.value;
  column.declared.location = at_;
  column.type = context_.type(column.type, definition.engine_types);
  add_values(column.type, definition.enum_values);
  if (definition.default_expression) column.default_value = Default{true, context_.text(*definition.default_expression)};
  if (definition.generated_expression) column.generated = Generated{context_.text(*definition.generated_expression), definition.generated_stored};
  if (definition.backfill_expression) column.declared.backfill = context_.text(*definition.backfill_expression);
  auto place = table.columns.end();
  if (definition.position) table.declared.strict_order = true;
  if (definition.position && definition.position->empty()) {
    place = table.columns.begin();
  } else if (definition.position) {
    place = std::find_if(table.columns.begin(), table.columns.end(), [&](const Column& other) { return other.name == *definition.position; });
    if (place != table.columns.end()) ++place;
  }
  table.columns.insert(place, std::move(column));
  add_parts(table, definition);
}

/// The keys, indexes and checks that a column brings.
void SchemaEditor::add_parts(Table& table, const ColumnDefinition& definition) {
  const auto& name = definition.value.name;
  if (definition.is_primary_key) {
    if (!table.primary_key) table.primary_key.emplace();
    table.primary_key->parts.push_back({.column = name});
  }
  if (definition.unique_name) add(table, Unique{.name = *definition.unique_name, .parts = {{.column = name}}});
  if (definition.index_name) add(table, IndexDefinition({name}).named(*definition.index_name));
  for (const auto& [check_name, expression] : definition.checks) add_check(table, expression, check_name, name);
  for (const auto& key : definition.foreign_keys) add(table, key.value);
}

void SchemaEditor::create(const TableDefinition& definition) {
  if (find_named(schema_.tables, definition.name) != nullptr) fail("the table " + definition.name.text() + " is there already");
  Table& table = schema_.tables.emplace_back(Table{.name = definition.name, .comment = definition.comment_text, .options = definition.options});
  table.declared.location = at_;
  for (const auto& column : definition.columns) {
    add(table, column);
  }
  if (definition.key) table.primary_key = definition.key;
  if (table.primary_key) {
    for (const auto& part : table.primary_key->parts) {
      auto* column = find_named(table.columns, part.column);
      if (column == nullptr) fail("the primary key of " + table.name.text() + " names '" + part.column + "', which is no column of it");
      column->nullable = false;
    }
  }
  for (const auto& unique : definition.uniques) add(table, unique);
  for (const auto& key : definition.foreign_keys) add(table, key.value);
  for (const auto& [name, expression] : definition.checks) add_check(table, expression, name, "");
  table.exclusions = definition.exclusions;
  for (const auto& index : definition.indexes) add(table, index);
}

void SchemaEditor::alter(Table& table, const std::string& name, const ColumnChange& change) {
  auto& changed = column(table, name);
  changed.declared = {};
  changed.declared.location = at_;
  if (change.new_type) {
    changed.type = context_.type(*change.new_type, change.engine_types);
    // What the old type brought with it is not what the new one means.
    changed.collation.clear();
    changed.options.erase("charset");
  }
  add_values(changed.type, change.enum_values);
  if (change.cast) changed.declared.cast = context_.text(*change.cast);
  if (change.is_nullable) changed.nullable = *change.is_nullable;
  if (change.drop_default) changed.default_value.reset();
  if (change.literal_default) changed.default_value = change.literal_default;
  if (change.default_expression) changed.default_value = Default{true, context_.text(*change.default_expression)};
  if (change.drop_identity) changed.identity.reset();
  if (change.new_identity) changed.identity = *change.new_identity;
  if (change.new_collation) changed.collation = *change.new_collation;
  if (change.new_comment) changed.comment = *change.new_comment;
  for (const auto& [key, text] : change.options) changed.options[key] = text;
  if (change.backfill_expression) changed.declared.backfill = context_.text(*change.backfill_expression);
}

/// What stands on a column goes with it, on every engine.
void SchemaEditor::drop_column(Table& table, const std::string& name) {
  if (find_named(table.columns, name) == nullptr && !context_.is_whole()) {
    if (auto* before = find_named(before_.tables, table.name)) before->columns.push_back({.name = name, .type = "text"});
    return;
  }
  (void)column(table, name);
  const auto& rules = context_.dialect().sql().lexical_rules();
  const auto uses = [&](const std::vector<IndexPart>& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return part.column == name || (!part.expression.empty() && mentions(part.expression, name, rules)); });
  };
  const auto among = [&](const std::vector<std::string>& names) { return std::find(names.begin(), names.end(), name) != names.end(); };
  std::erase_if(table.columns, [&](const Column& other) { return other.name == name; });
  if (table.primary_key && uses(table.primary_key->parts)) table.primary_key.reset();
  std::erase_if(table.uniques, [&](const Unique& unique) { return uses(unique.parts) || among(unique.include); });
  std::erase_if(table.indexes, [&](const Index& index) { return uses(index.parts) || among(index.include) || mentions(index.where, name, rules); });
  std::erase_if(table.checks, [&](const Check& check) { return mentions(check.expression, name, rules); });
  std::erase_if(table.foreign_keys, [&](const ForeignKey& key) { return among(key.columns); });
}

template <class T>
void SchemaEditor::take(const QualifiedName& name_of_table, std::vector<T> Table::*parts, const std::string& name, const char* what) {
  auto& from = table(name_of_table).*parts;
  const auto it = std::find_if(from.begin(), from.end(), [&](const T& part) { return part.name == name; });
  if (it != from.end()) {
    from.erase(it);
    return;
  }
  if (context_.is_whole()) {
    std::vector<std::string> names;
    for (const auto& part : from) names.push_back(part.name);
    fail(fmt::format("the table {} has no {} '{}'", name_of_table.text(), what, name), names.empty() ? "" : did_you_mean(name, names));
  }
  T part;
  part.name = name;
  (find_named(before_.tables, name_of_table)->*parts).push_back(std::move(part));
}

template void SchemaEditor::take(const QualifiedName&, std::vector<Unique> Table::*, const std::string&, const char*);
template void SchemaEditor::take(const QualifiedName&, std::vector<ForeignKey> Table::*, const std::string&, const char*);
template void SchemaEditor::take(const QualifiedName&, std::vector<Check> Table::*, const std::string&, const char*);
template void SchemaEditor::take(const QualifiedName&, std::vector<Exclusion> Table::*, const std::string&, const char*);
template void SchemaEditor::take(const QualifiedName&, std::vector<Index> Table::*, const std::string&, const char*);
template void SchemaEditor::take(const QualifiedName&, std::vector<Trigger> Table::*, const std::string&, const char*);

}  // namespace migrate
