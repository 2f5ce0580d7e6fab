#include "dialect/sql.hpp"
#include "migrate/operations.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql/lexer.hpp"
#include "library/operations_context.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// What tells a call apart: its name and all its arguments.
template <class... T>
std::string key_of(const char* call, const T&... arguments) {
  std::string key = call;
  const auto add = [&](const std::string& text) { key += '\x1f' + text; };
  (add(arguments), ...);
  return key;
}

std::string section_of(const OperationsContext& context) { return std::string(context.dialect().name()); }

/// A table in the words of the model: all that can be said of one.
std::string text_of(const OperationsContext& context, const Table& table) {
  Schema schema;
  schema.tables.push_back(table);
  return write_model(schema, section_of(context));
}

/// A definition as the model would say it, for the key of the call.
template <class F>
std::string text_of_edit(OperationsContext& context, const Location& at, const QualifiedName& table, const F& edit) {
  Schema before;
  Schema schema;
  schema.tables.push_back({.name = table});
  SchemaEditor editor(context, before, schema, at);
  edit(editor, schema.tables.front());
  std::string text = text_of(context, schema.tables.front());
  for (const auto& type : schema.enums) text += type.name.text() + ": " + join(type.values, ",") + "\n";
  for (const auto& column : schema.tables.front().columns) text += column.declared.cast + "\n" + column.declared.backfill + "\n";
  return text;
}

std::vector<IndexPart> parts_from(const Names& columns) { return parts_of(columns); }

}  // namespace

// ---- tables --------------------------------------------------------------------------------------------------------

void Operations::create_table(const TableDefinition& definition, Place place) {
  const auto at = context_.location(place);
  Schema before;
  Schema alone;
  SchemaEditor(context_, before, alone, at).create(definition);
  context_.change(key_of("create_table", text_of(context_, alone.tables.front())), at, [&](SchemaEditor& editor) { editor.create(definition); });
}

void Operations::drop_table(const TableName& name, Place place) {
  context_.change(key_of("drop_table", name.get().text()), context_.location(place), [&](SchemaEditor& editor) {
    (void)editor.table(name.get());
    std::erase_if(editor.schema().tables, [&](const Table& table) { return table.name == name.get(); });
  });
}

void Operations::rename_table(const TableName& from, std::string to, Place place) {
  const auto at = context_.location(place);
  context_.rename(key_of("rename_table", from.get().text(), to), at, [&](const Schema& schema) {
    Schema before = schema;
    Schema after = schema;
    (void)SchemaEditor(context_, before, after, at).table(from.get());
    return std::vector<Operation>{RenameTable{from.get(), {from.get().schema, to}, {}, {}}};
  });
}

void Operations::set_table_options(const TableName& name, Options options, Place place) {
  std::string text;
  for (const auto& [key, value] : options) text += key + "=" + value + "\n";
  context_.change(key_of("set_table_options", name.get().text(), text), context_.location(place), [&](SchemaEditor& editor) {
    for (const auto& [key, value] : options) editor.table(name.get()).options[key] = value;
  });
}

void Operations::comment_on_table(const TableName& name, std::string text, Place place) {
  context_.change(key_of("comment_on_table", name.get().text(), text), context_.location(place),
                  [&](SchemaEditor& editor) { editor.table(name.get()).comment = text; });
}

// ---- columns -------------------------------------------------------------------------------------------------------

void Operations::add_column(const TableName& table, const ColumnDefinition& column, Place place) {
  const auto at = context_.location(place);
  const auto text = text_of_edit(context_, at, table.get(), [&](SchemaEditor& editor, Table& alone) { editor.add(alone, column); });
  context_.change(key_of("add_column", text, column.position.value_or("(last)")), at, [&](SchemaEditor& editor) { editor.add(editor.table(table.get()), column); });
}

void Operations::alter_column(const TableName& table, const std::string& column, const ColumnChange& change, Place place) {
  const auto at = context_.location(place);
  const auto text = text_of_edit(context_, at, table.get(), [&](SchemaEditor& editor, Table& alone) {
    alone.columns.push_back({.name = column});
    editor.alter(alone, column, change);
  });
  const auto flags = fmt::format("{}{}{}{}", change.new_type.has_value(), change.is_nullable.has_value(), change.drop_default, change.drop_identity);
  context_.change(key_of("alter_column", text, flags), at, [&](SchemaEditor& editor) { editor.alter(editor.table(table.get()), column, change); });
}

void Operations::drop_column(const TableName& table, const std::string& column, Place place) {
  context_.change(key_of("drop_column", table.get().text(), column), context_.location(place),
                  [&](SchemaEditor& editor) { editor.drop_column(editor.table(table.get()), column); });
}

void Operations::rename_column(const TableName& table, const std::string& from, const std::string& to, Place place) {
  const auto at = context_.location(place);
  context_.rename(key_of("rename_column", table.get().text(), from, to), at, [&](const Schema& schema) {
    Schema before = schema;
    Schema after = schema;
    SchemaEditor editor(context_, before, after, at);
    auto& found = editor.table(table.get());
    if (context_.is_whole()) (void)editor.column(found, from);
    return std::vector<Operation>{RenameColumn{table.get(), from, to}};
  });
}

void Operations::comment_on_column(const TableName& table, const std::string& column, std::string text, Place place) {
  context_.change(key_of("comment_on_column", table.get().text(), column, text), context_.location(place),
                  [&](SchemaEditor& editor) { editor.column(editor.table(table.get()), column).comment = text; });
}

// ---- keys and checks -----------------------------------------------------------------------------------------------

void Operations::add_primary_key(const TableName& table, Names columns, std::string name, Place place) {
  context_.change(key_of("add_primary_key", table.get().text(), join(columns, ","), name), context_.location(place), [&](SchemaEditor& editor) {
    auto& found = editor.table(table.get());
    if (found.primary_key) editor.fail("the table " + table.get().text() + " has a primary key already", "op.drop_primary_key takes it away");
    editor.set_primary_key(found, {.name = name, .parts = parts_from(columns)});
  });
}

void Operations::drop_primary_key(const TableName& table, Place place) {
  context_.change(key_of("drop_primary_key", table.get().text()), context_.location(place), [&](SchemaEditor& editor) {
    auto& found = editor.table(table.get());
    if (!found.primary_key) editor.fail("the table " + table.get().text() + " has no primary key that is known here");
    found.primary_key.reset();
  });
}

void Operations::add_unique(const TableName& table, Names columns, std::string name, Place place) {
  context_.change(key_of("add_unique", table.get().text(), join(columns, ","), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.add(editor.table(table.get()), Unique{.name = name, .parts = parts_from(columns)}); });
}

void Operations::add_foreign_key(const TableName& table, const ForeignKeyDefinition& key, Place place) {
  const auto at = context_.location(place);
  const auto text = text_of_edit(context_, at, table.get(), [&](SchemaEditor& editor, Table& alone) { editor.add(alone, key.value); });
  context_.change(key_of("add_foreign_key", text), at, [&](SchemaEditor& editor) { editor.add(editor.table(table.get()), key.value); });
}

void Operations::add_check(const TableName& table, SqlText expression, std::string name, Place place) {
  context_.change(key_of("add_check", table.get().text(), context_.text(expression), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.add_check(editor.table(table.get()), expression, name, ""); });
}

void Operations::add_exclusion(const TableName& table, std::string name, std::string definition, Place place) {
  context_.change(key_of("add_exclusion", table.get().text(), name, definition), context_.location(place), [&](SchemaEditor& editor) {
    editor.table(table.get()).exclusions.push_back({.name = name, .definition = definition});
  });
}

void Operations::drop_unique(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_unique", table.get().text(), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.take(table.get(), &Table::uniques, name, "unique constraint"); });
}

void Operations::drop_foreign_key(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_foreign_key", table.get().text(), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.take(table.get(), &Table::foreign_keys, name, "foreign key"); });
}

void Operations::drop_check(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_check", table.get().text(), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.take(table.get(), &Table::checks, name, "check"); });
}

void Operations::drop_exclusion(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_exclusion", table.get().text(), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.take(table.get(), &Table::exclusions, name, "exclusion constraint"); });
}

void Operations::drop_constraint(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_constraint", table.get().text(), name), context_.location(place), [&](SchemaEditor& editor) {
    const auto& found = editor.table(table.get());
    if (find_named(found.uniques, name) != nullptr) return editor.take(table.get(), &Table::uniques, name, "unique constraint");
    if (find_named(found.foreign_keys, name) != nullptr) return editor.take(table.get(), &Table::foreign_keys, name, "foreign key");
    if (find_named(found.exclusions, name) != nullptr) return editor.take(table.get(), &Table::exclusions, name, "exclusion constraint");
    if (find_named(found.checks, name) != nullptr) return editor.take(table.get(), &Table::checks, name, "check");
    editor.fail("the table " + table.get().text() + " has no constraint '" + name + "' that is known here");
  });
}

void Operations::rename_constraint(const TableName& table, const std::string& from, const std::string& to, Place place) {
  const auto at = context_.location(place);
  context_.rename(key_of("rename_constraint", table.get().text(), from, to), at, [&](const Schema& schema) -> std::vector<Operation> {
    Schema before = schema;
    Schema after = schema;
    SchemaEditor editor(context_, before, after, at);
    const auto& found = editor.table(table.get());
    if (find_named(found.uniques, from) != nullptr) return {RenamePart<Unique>{table.get(), from, to}};
    if (find_named(found.foreign_keys, from) != nullptr) return {RenamePart<ForeignKey>{table.get(), from, to}};
    if (find_named(found.checks, from) != nullptr) return {RenamePart<Check>{table.get(), from, to}};
    if (find_named(found.exclusions, from) != nullptr) return {RenamePart<Exclusion>{table.get(), from, to}};
    if (found.primary_key && found.primary_key->name == from) return {RenamePart<PrimaryKey>{table.get(), from, to}};
    editor.fail("the table " + table.get().text() + " has no constraint '" + from + "' that is known here");
  });
}

// ---- indexes -------------------------------------------------------------------------------------------------------

void Operations::create_index(const TableName& table, const IndexDefinition& index, Place place) {
  const auto at = context_.location(place);
  std::string text = context_.text(index.condition) + (index.is_concurrent ? "\nconcurrently" : "");
  for (const auto& part : index.value.parts) text += "\n" + part.column;
  auto alone = index.value;
  alone.parts.clear();
  alone.parts.push_back({.column = "x"});
  text += text_of(context_, {.name = table.get(), .columns = {{.name = "x", .type = "int"}}, .indexes = {alone}});
  OperationsContext::Finish finish;
  if (index.is_concurrent) {
    finish = [&](std::vector<Statement>& statements) {
      for (auto& statement : statements) statement = context_.dialect().sql().without_blocking(std::move(statement));
    };
  }
  context_.change(key_of("create_index", text), at, [&](SchemaEditor& editor) { editor.add(editor.table(table.get()), index); }, finish);
}

void Operations::create_index(const TableName& table, Names parts, std::string name, Place place) {
  create_index(table, IndexDefinition(std::move(parts)).named(std::move(name)), place);
}

void Operations::drop_index(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_index", table.get().text(), name), context_.location(place), [&](SchemaEditor& editor) {
    auto& views = editor.schema().views;
    const auto view = std::find_if(views.begin(), views.end(), [&](const View& other) { return other.name == table.get(); });
    if (view == views.end()) return editor.take(table.get(), &Table::indexes, name, "index");
    std::erase_if(view->indexes, [&](const Index& index) { return index.name == name; });
  });
}

void Operations::rename_index(const TableName& table, const std::string& from, const std::string& to, Place place) {
  const auto at = context_.location(place);
  context_.rename(key_of("rename_index", table.get().text(), from, to), at, [&](const Schema& schema) {
    Schema before = schema;
    Schema after = schema;
    SchemaEditor(context_, before, after, at).take(table.get(), &Table::indexes, from, "index");
    return std::vector<Operation>{RenameIndex{table.get(), from, to}};
  });
}

// ---- enum types ----------------------------------------------------------------------------------------------------

void Operations::create_enum(const TableName& name, Names values, Place place) {
  context_.change(key_of("create_enum", name.get().text(), join(values, "\x1f")), context_.location(place), [&](SchemaEditor& editor) {
    if (find_named(editor.schema().enums, name.get()) != nullptr) editor.fail("the enum type " + name.get().text() + " is there already");
    editor.schema().enums.push_back({.name = name.get(), .values = values});
  });
}

void Operations::drop_enum(const TableName& name, Place place) {
  context_.change(key_of("drop_enum", name.get().text()), context_.location(place), [&](SchemaEditor& editor) {
    const auto gone = std::erase_if(editor.schema().enums, [&](const EnumType& type) { return type.name == name.get(); });
    if (gone == 0 && context_.is_whole() && context_.server().capabilities.enum_types) editor.fail("there is no enum type " + name.get().text());
  });
}

void Operations::rename_enum(const TableName& from, std::string to, Place place) {
  if (!context_.server().capabilities.enum_types) return;
  context_.rename(key_of("rename_enum", from.get().text(), to), context_.location(place), [&](const Schema&) {
    return std::vector<Operation>{Rename<EnumType>{from.get(), {from.get().schema, to}, {}, {}}};
  });
}

void Operations::alter_enum(const TableName& name, Names values, std::map<std::string, std::string> renamed, Place place) {
  if (!context_.server().capabilities.enum_types) return;
  std::string text = join(values, "\x1f");
  for (const auto& [now, then] : renamed) text += "\x1e" + now + "\x1f" + then;
  context_.change(key_of("alter_enum", name.get().text(), text), context_.location(place), [&](SchemaEditor& editor) {
    auto* type = find_named(editor.schema().enums, name.get());
    if (type == nullptr) editor.fail("the enum type " + name.get().text() + " is not known here");
    type->values = values;
    type->declared.value_renames = renamed;
  });
}

// ---- views, routines, triggers -------------------------------------------------------------------------------------

namespace {

View* find_view(Schema& schema, const QualifiedName& name) { return find_named(schema.views, name); }

void add_view(OperationsContext& context, const TableName& name, const SqlText& query, bool materialized, bool replace, const CallPlace& place) {
  const auto at = context.location(place);
  const auto definition = std::string(trim(context.text(query)));
  context.change(key_of("view", name.get().text(), definition, materialized ? "materialized" : "", replace ? "replace" : ""), at, [&](SchemaEditor& editor) {
    auto& schema = editor.schema();
    if (auto* view = find_view(schema, name.get())) {
      if (!replace) editor.fail("the view " + name.get().text() + " is there already", "op.replace_view changes it");
      view->definition = definition;
      view->declared.location = at;
      return;
    }
    if (replace && context.is_whole()) editor.fail("there is no view '" + name.get().text() + "'", "op.create_view makes it");
    schema.views.push_back({.name = name.get(), .materialized = materialized, .definition = definition});
    schema.views.back().declared.location = at;
  });
}

}  // namespace

void Operations::create_view(const TableName& name, SqlText query, Place place) { add_view(context_, name, query, false, false, place); }
void Operations::replace_view(const TableName& name, SqlText query, Place place) { add_view(context_, name, query, false, true, place); }
void Operations::create_materialized_view(const TableName& name, SqlText query, Place place) { add_view(context_, name, query, true, false, place); }

void Operations::drop_view(const TableName& name, Place place) {
  context_.change(key_of("drop_view", name.get().text()), context_.location(place), [&](SchemaEditor& editor) {
    if (find_view(editor.schema(), name.get()) == nullptr) editor.fail("there is no view '" + name.get().text() + "' that is known here");
    std::erase_if(editor.schema().views, [&](const View& view) { return view.name == name.get(); });
  });
}

void Operations::create_routine(SqlText definition, Place place) {
  const auto at = context_.location(place);
  context_.execute_all(key_of("create_routine", context_.text(definition)), {{std::string(trim(context_.text(definition))), at}}, at);
}

namespace {

void drop_routine(OperationsContext& context, const QualifiedName& name, const std::string& arguments, Routine::Kind kind, const Location& at) {
  const auto* word = kind == Routine::Kind::procedure ? "procedure" : "function";
  context.change(key_of("drop_routine", word, name.text(), arguments), at, [&](SchemaEditor& editor) {
    auto& routines = editor.schema().routines;
    const auto matches = [&](const Routine& routine) {
      return routine.name == name && routine.kind == kind && (arguments.empty() || routine.arguments == arguments);
    };
    const auto count = std::count_if(routines.begin(), routines.end(), matches);
    if (count == 0) editor.fail(fmt::format("there is no {} '{}' that is known here", word, name.text()));
    if (count > 1) {
      std::vector<std::string> known;
      for (const auto& routine : routines) {
        if (matches(routine)) known.push_back(routine.arguments);
      }
      editor.fail(fmt::format("several {}s are called '{}'", word, name.text()), "say which by its arguments: " + join(known, "; "));
    }
    std::erase_if(routines, matches);
  });
}

}  // namespace

void Operations::drop_function(const TableName& name, const std::string& arguments, Place place) {
  drop_routine(context_, name.get(), arguments, Routine::Kind::function, context_.location(place));
}
void Operations::drop_procedure(const TableName& name, const std::string& arguments, Place place) {
  drop_routine(context_, name.get(), arguments, Routine::Kind::procedure, context_.location(place));
}

void Operations::create_trigger(const TableName& table, std::string name, SqlText definition, Place place) {
  const auto at = context_.location(place);
  const auto sql = std::string(trim(context_.text(definition)));
  context_.execute_all(key_of("create_trigger", table.get().text(), name, sql), {{sql, at}}, at);
}

void Operations::drop_trigger(const TableName& table, const std::string& name, Place place) {
  context_.change(key_of("drop_trigger", table.get().text(), name), context_.location(place),
                  [&](SchemaEditor& editor) { editor.take(table.get(), &Table::triggers, name, "trigger"); });
}

// ---- what is there -------------------------------------------------------------------------------------------------

std::string_view Operations::dialect() const { return context_.dialect().name(); }
std::string_view Operations::flavour() const { return context_.server().sections.empty() ? context_.dialect().name() : std::string_view(context_.server().sections.back()); }
const Capabilities& Operations::capabilities() const { return context_.server().capabilities; }
int Operations::server_version() const { return context_.server().version_number; }
bool Operations::online() const { return context_.sink().online(); }
const Schema& Operations::schema(Place place) { return context_.observed_schema(context_.location(place)); }
bool Operations::has_table(const TableName& name, Place place) { return find_named(schema(place).tables, name.get()) != nullptr; }
bool Operations::has_column(const TableName& table, const std::string& column, Place place) {
  const auto* found = find_named(schema(place).tables, table.get());
  return found != nullptr && find_named(found->columns, column) != nullptr;
}
void Operations::note(const std::string& text) { context_.sink().note(text); }

void Operations::check_one_value(const Rows& rows, const Place& place) {
  if (rows.size() == 1 && rows.columns().size() == 1) return;
  throw Error{ErrorKind::failed, fmt::format("the query gives {} and {}, not one value", plural(rows.size(), "row"), plural(rows.columns().size(), "column")), "op.query reads them all",
              {place.file_name(), static_cast<int>(place.line()), 0}};
}

}  // namespace migrate
