#include "lint/state.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace migrate::lint {
namespace {

using parsed::Action;
using Verb = parsed::Verb;

template <class T>
auto named(std::vector<T>& items, const std::string& name) {
  return std::find_if(items.begin(), items.end(), [&](const T& item) { return equal_ignoring_case(item.name, name); });
}

template <class T>
void erase_named(std::vector<T>& items, const std::string& name) {
  std::erase_if(items, [&](const T& item) { return equal_ignoring_case(item.name, name); });
}

std::vector<IndexPart> parts_of_names(const std::vector<std::string>& names) {
  std::vector<IndexPart> parts;
  for (const auto& name : names) parts.push_back({.column = name});
  return parts;
}

Column make_column(const parsed::Column& from) {
  Column column;
  column.name = from.name;
  column.type = from.type;
  column.nullable = !from.not_null;
  if (from.default_sql) column.default_value = Default{true, *from.default_sql};
  if (from.auto_number) column.identity = Identity{from.identity ? Identity::Kind::by_default : Identity::Kind::serial, {}};
  if (!from.generated.empty()) column.generated = Generated{from.generated, from.stored};
  column.collation = from.collation;
  if (from.commented) column.comment = "-";
  if (!from.charset.empty()) column.options["charset"] = from.charset;
  if (!from.on_update.empty()) column.options["on_update"] = from.on_update;
  return column;
}

void add_constraint(Table& table, const parsed::Constraint& constraint) {
  using Kind = parsed::Constraint::Kind;
  switch (constraint.kind) {
    case Kind::primary_key: {
      PrimaryKey key;
      key.name = constraint.name;
      key.parts = parts_of_names(constraint.columns);
      if (const auto it = named(table.indexes, constraint.using_index); !constraint.using_index.empty() && it != table.indexes.end()) {
        key.parts = it->parts;
        table.indexes.erase(it);
      }
      for (const auto& part : key.parts) {
        if (const auto it = named(table.columns, part.column); it != table.columns.end()) it->nullable = false;
      }
      table.primary_key = std::move(key);
      break;
    }
    case Kind::unique: {
      Unique unique;
      unique.name = constraint.name;
      unique.parts = parts_of_names(constraint.columns);
      if (const auto it = named(table.indexes, constraint.using_index); !constraint.using_index.empty() && it != table.indexes.end()) {
        unique.parts = it->parts;
        table.indexes.erase(it);
      }
      table.uniques.push_back(std::move(unique));
      break;
    }
    case Kind::foreign_key: {
      ForeignKey key;
      key.name = constraint.name;
      key.columns = constraint.columns;
      key.references = constraint.references;
      key.referenced_columns = constraint.referenced_columns;
      key.not_valid = constraint.not_valid;
      key.declared.generated_name = constraint.of_column;  // goes with its column
      table.foreign_keys.push_back(std::move(key));
      break;
    }
    case Kind::check: {
      Check check;
      check.name = constraint.name;
      check.expression = constraint.expression;
      check.not_valid = constraint.not_valid;
      check.declared.generated_name = constraint.of_column;
      table.checks.push_back(std::move(check));
      break;
    }
    case Kind::exclude: table.exclusions.push_back({.name = constraint.name}); break;
  }
}

Index make_index(const parsed::Index& from) {
  Index index;
  index.name = from.name;
  index.parts = from.parts;
  index.unique = from.unique;
  index.method = from.method == "btree" ? "" : from.method;
  index.where = from.where;
  return index;
}

void drop_column(Table& table, const std::string& name) {
  const auto uses = [&](const std::vector<IndexPart>& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return equal_ignoring_case(part.column, name); });
  };
  erase_named(table.columns, name);
  std::erase_if(table.indexes, [&](const Index& index) { return uses(index.parts); });
  std::erase_if(table.uniques, [&](const Unique& unique) { return uses(unique.parts); });
  std::erase_if(table.foreign_keys, [&](const ForeignKey& key) { return std::find(key.columns.begin(), key.columns.end(), name) != key.columns.end(); });
}

void drop_constraint(Table& table, const std::string& name) {
  erase_named(table.checks, name);
  erase_named(table.foreign_keys, name);
  erase_named(table.uniques, name);
  erase_named(table.exclusions, name);
  if (table.primary_key && equal_ignoring_case(table.primary_key->name, name)) table.primary_key.reset();
}

void rename_column(Table& table, const std::string& from, const std::string& to) {
  if (const auto it = named(table.columns, from); it != table.columns.end()) it->name = to;
  const auto rename_parts = [&](std::vector<IndexPart>& parts) {
    for (auto& part : parts) {
      if (equal_ignoring_case(part.column, from)) part.column = to;
    }
  };
  for (auto& index : table.indexes) rename_parts(index.parts);
  for (auto& unique : table.uniques) rename_parts(unique.parts);
  if (table.primary_key) rename_parts(table.primary_key->parts);
  for (auto& key : table.foreign_keys) std::replace(key.columns.begin(), key.columns.end(), from, to);
}

void follow_action(Table& table, const Action& action) {
  using Kind = Action::Kind;
  const auto column = named(table.columns, action.name);
  const bool found = column != table.columns.end();
  switch (action.kind) {
    case Kind::add_column:
      if (!found) table.columns.push_back(make_column(action.column));
      for (const auto& constraint : action.column.constraints) add_constraint(table, constraint);
      break;
    case Kind::drop_column: drop_column(table, action.name); break;
    case Kind::rename_column: rename_column(table, action.name, action.to); break;
    case Kind::change_column:
      if (found) *column = make_column(action.column);
      if (action.name != action.to) rename_column(table, action.name, action.to);
      break;
    case Kind::set_type:
      if (found) column->type = action.to;
      break;
    case Kind::set_not_null:
      if (found) column->nullable = false;
      break;
    case Kind::drop_not_null:
      if (found) column->nullable = true;
      break;
    case Kind::set_default:
      if (found) column->default_value = Default{true, action.to};
      break;
    case Kind::drop_default:
      if (found) column->default_value.reset();
      break;
    case Kind::add_constraint: add_constraint(table, action.constraint); break;
    case Kind::drop_constraint: drop_constraint(table, action.name); break;
    case Kind::drop_foreign_key: erase_named(table.foreign_keys, action.name); break;
    case Kind::drop_primary_key: table.primary_key.reset(); break;
    case Kind::validate_constraint:
      if (const auto it = named(table.checks, action.name); it != table.checks.end()) it->not_valid = false;
      if (const auto it = named(table.foreign_keys, action.name); it != table.foreign_keys.end()) it->not_valid = false;
      break;
    case Kind::add_index: table.indexes.push_back(make_index(action.index)); break;
    case Kind::drop_index:
      erase_named(table.indexes, action.name);
      erase_named(table.uniques, action.name);
      break;
    case Kind::rename_index:
      if (const auto it = named(table.indexes, action.name); it != table.indexes.end()) it->name = action.to;
      break;
    case Kind::rename_constraint:
      if (const auto it = named(table.checks, action.name); it != table.checks.end()) it->name = action.to;
      break;
    case Kind::rename_table:
      table.name.name = action.to;
      if (!action.other.schema.empty()) table.name.schema = action.other.schema;
      break;
    case Kind::set_schema: table.name.schema = action.to; break;
    case Kind::option:
      if (action.name == "engine") table.options["engine"] = action.to;
      break;
    default: break;
  }
}

}  // namespace

void follow(Schema& schema, const parsed::Statement& statement, const ServerInfo& server) {
  const auto find = [&](const QualifiedName& name) {
    const auto key = key_of(name, server);
    return std::find_if(schema.tables.begin(), schema.tables.end(), [&](const Table& table) { return key_of(table.name, server) == key; });
  };
  const auto table = find(statement.name);
  const bool found = table != schema.tables.end();
  switch (statement.verb) {
    case Verb::create_table: {
      if (found || statement.temporary) return;
      Table made;
      made.declared.cast = "followed";
      made.name = statement.name;
      for (const auto& column : statement.columns) made.columns.push_back(make_column(column));
      for (const auto& constraint : statement.constraints) add_constraint(made, constraint);
      for (const auto& index : statement.indexes) made.indexes.push_back(make_index(index));
      for (const auto& [key, value] : statement.options) made.options[key] = value;
      schema.tables.push_back(std::move(made));
      break;
    }
    case Verb::create_index:
      if (found) table->indexes.push_back(make_index(statement.index));
      break;
    case Verb::drop_index:
      for (auto& other : schema.tables) {
        if (statement.name.name != statement.object && key_of(other.name, server) != key_of(statement.name, server)) continue;
        erase_named(other.indexes, statement.object);
      }
      break;
    case Verb::drop_table:
      for (const auto& name : statement.names) {
        if (const auto it = find(name); it != schema.tables.end()) schema.tables.erase(it);
      }
      break;
    case Verb::alter_table:
      if (!found) break;
      table->declared.cast = "followed";  // no longer as the database describes it
      for (const auto& action : statement.actions) follow_action(*table, action);
      break;
    case Verb::rename_table:
      for (std::size_t i = 0; i + 1 < statement.names.size(); i += 2) {
        if (const auto it = find(statement.names[i]); it != schema.tables.end()) it->name = statement.names[i + 1];
      }
      break;
    case Verb::create_view: schema.views.push_back({.name = statement.name, .materialized = statement.value == "materialized"}); break;
    case Verb::drop_view: std::erase_if(schema.views, [&](const View& view) { return key_of(view.name, server) == key_of(statement.name, server); }); break;
    default: break;
  }
}

}  // namespace migrate::lint
