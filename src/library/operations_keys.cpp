// A table's key becomes another type, with all that points to it.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "library/operations_context.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// A column that holds the key: the table's own, or one that points to it.
struct KeyPlace {
  const Table* table;
  std::string column;
};

/// The engine's expression for a new UUID, as its canonical form of the portable one says.
std::string uuid_expression(const OperationsContext& context) {
  Schema schema;
  schema.tables.push_back({.name = {"", "t"}, .columns = {{.name = "u", .type = "uuid", .default_value = Default{true, "uuid()"}}}});
  context.dialect().canonical().canonicalize(schema, context.server());
  return schema.tables.front().columns.front().default_value->text;
}

class KeyChanger {
 public:
  KeyChanger(Operations& op, OperationsContext& context, const TableName& table, const KeyChange& change, bool to_uuid, const Operations::Place& place)
      : op_(op), context_(context), name_(table.get()), change_(change), to_uuid_(to_uuid), place_(place), at_(context.location(place)) {
    map_ = {name_.schema, change.kept.empty() ? name_.name + "_key_map" : change.kept};
  }

  void run() {
    make_plan();
    const auto keys = pointing_keys();
    drop_views();
    if (to_uuid_) make_map();
    else number_new_rows();
    for (const auto& place : places_) add_and_fill(place);
    change("drop keys", [&](SchemaEditor& editor) {
      for (const auto& [table, key] : keys) {
        std::erase_if(editor.table(table->name).foreign_keys, [&, name = key->name](const ForeignKey& other) { return other.name == name; });
      }
    });
    for (const auto& place : places_) swap(place);
    change("make keys", [&](SchemaEditor& editor) {
      for (const auto& [table, key] : keys) editor.table(table->name).foreign_keys.push_back(*key);
    });
    if (!to_uuid_) op_.drop_table(map_, place_);
    make_views();
  }

 private:
  using Pointing = std::vector<std::pair<const Table*, const ForeignKey*>>;

  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const { throw Error{ErrorKind::usage, message, hint, at_}; }

  [[nodiscard]] std::string key_text(const std::string& what) const { return what + '\x1f' + name_.text() + '\x1f' + change_.column + '\x1f' + map_.text() + (to_uuid_ ? "\x1fuuid" : "\x1finteger"); }
  void change(const std::string& what, const OperationsContext::Edit& edit) { context_.change(key_text(what), at_, edit); }
  [[nodiscard]] std::string quote(const std::string& name) const { return context_.dialect().sql().quote_name(name); }
  [[nodiscard]] std::string quote(const QualifiedName& name) const { return context_.dialect().sql().quote_name(name); }

  void make_plan() {
    plan_ = context_.remembered(key_text("change_key"), [&](const Table& table) {
      const bool points = std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) { return key.references == name_; });
      return points || table.name == name_ || table.name == map_;
    }, at_);
    const auto* table = find_named(plan_.tables, name_);
    if (table == nullptr) fail("there is no table '" + name_.text() + "' that is known here");
    const auto* map = find_named(plan_.tables, map_);
    if (to_uuid_ && map != nullptr) fail("the table " + map_.text() + " is there already", "name another one: {.kept = \"...\"}");
    if (!to_uuid_ && map == nullptr) fail("there is no table " + map_.text() + ", which keeps the old numbers", "change_key_to_uuid makes it; name it with {.kept = \"...\"}");
    column_ = change_.column;
    if (column_.empty()) {
      if (!table->primary_key || table->primary_key->parts.size() != 1) fail("the primary key of " + name_.text() + " is not one column", "name the column: {.column = \"...\"}");
      column_ = table->primary_key->parts.front().column;
    }
    const auto* column = find_named(table->columns, column_);
    if (column == nullptr) fail("the table " + name_.text() + " has no column '" + column_ + "'");
    had_identity_ = column->identity.has_value();
    number_type_ = to_uuid_ ? column->type : find_named(map->columns, std::string("old_key"))->type;
    places_.push_back({table, column_});
  }

  Pointing pointing_keys() {
    Pointing keys;
    for (const auto& table : plan_.tables) {
      for (const auto& key : table.foreign_keys) {
        if (key.references != name_) continue;
        const auto& referenced = key.referenced_columns;
        if (std::find(referenced.begin(), referenced.end(), column_) == referenced.end()) continue;
        if (key.columns.size() != 1) fail("the foreign key " + key.name + " of " + table.name.text() + " has several columns; this works along keys of one");
        keys.emplace_back(&table, &key);
        const bool known = std::any_of(places_.begin(), places_.end(), [&](const KeyPlace& place) { return place.table == &table && place.column == key.columns.front(); });
        if (!known) places_.push_back({&table, key.columns.front()});
      }
    }
    return keys;
  }

  // ---- rows ----

  void make_map() {
    TableDefinition map{TableName(map_)};
    map.column("old_key", number_type_).not_null();
    map.column("new_key", "uuid").not_null();
    map.primary_key({"new_key"});
    map.unique({"old_key"});
    op_.create_table(map, place_);
    context_.execute(fmt::format("INSERT INTO {} (old_key, new_key)\nSELECT {}, {} FROM {}", quote(map_), quote(column_), uuid_expression(context_), quote(name_)), at_);
  }

  /// Rows that are younger than the UUIDs get the numbers behind the old ones.
  void number_new_rows() {
    context_.execute(fmt::format("INSERT INTO {0} (old_key, new_key)\nSELECT (SELECT coalesce(max(old_key), 0) FROM {0}) + row_number() OVER (ORDER BY {1}), {1}\nFROM {2}\n"
                                 "WHERE {1} NOT IN (SELECT new_key FROM {0})",
                                 quote(map_), quote(column_), quote(name_)),
                     at_);
  }

  [[nodiscard]] static std::string new_name(const KeyPlace& place) { return place.column + "_new_key"; }

  void add_and_fill(const KeyPlace& place) {
    ColumnDefinition column(new_name(place), to_uuid_ ? "uuid" : number_type_);
    // Behind the old one, where the engine has an order to choose.
    column.after(place.column);
    op_.add_column(place.table->name, column, place_);
    const auto table = quote(place.table->name);
    context_.execute(fmt::format("UPDATE {0} SET {1} = (SELECT m.{2} FROM {3} m WHERE m.{4} = {0}.{5})\nWHERE {5} IS NOT NULL", table, quote(new_name(place)),
                                 to_uuid_ ? "new_key" : "old_key", quote(map_), to_uuid_ ? "old_key" : "new_key", quote(place.column)),
                     at_);
  }

  // ---- definitions ----

  /// The new column takes the place of the old one, in keys, indexes and checks too.
  void swap(const KeyPlace& place) {
    const auto& table = *place.table;
    const auto name = table.name.text() + "." + place.column;
    change("drop " + name, [&](SchemaEditor& editor) { editor.drop_column(editor.table(table.name), place.column); });
    op_.rename_column(table.name, new_name(place), place.column, place_);
    change("restore " + name, [&](SchemaEditor& editor) { restore(editor, place); });
  }

  void restore(SchemaEditor& editor, const KeyPlace& place) {
    const auto& before = *place.table;
    const auto& old = *find_named(before.columns, place.column);
    auto& table = editor.table(before.name);
    auto& column = editor.column(table, place.column);
    column.nullable = old.nullable;
    column.comment = old.comment;
    if (before.name == name_ && place.column == column_) {
      if (to_uuid_ && had_identity_) column.default_value = Default{true, "uuid()"};
      if (!to_uuid_) column.identity = Identity{change_.identity, {}};
    }
    const auto missing = [](const auto& parts, const auto& part) { return find_named(parts, part.name) == nullptr; };
    if (!table.primary_key && before.primary_key) table.primary_key = before.primary_key;
    for (const auto& unique : before.uniques) {
      if (missing(table.uniques, unique)) table.uniques.push_back(unique);
    }
    for (const auto& index : before.indexes) {
      if (missing(table.indexes, index)) table.indexes.push_back(index);
    }
    for (const auto& check : before.checks) {
      if (missing(table.checks, check)) table.checks.push_back(check);
    }
    // A key of the same column to another table than this one.
    for (const auto& key : before.foreign_keys) {
      if (missing(table.foreign_keys, key) && key.references != name_) table.foreign_keys.push_back(key);
    }
  }

  void drop_views() {
    if (plan_.views.empty()) return;
    change("drop views", [&](SchemaEditor& editor) {
      std::erase_if(editor.schema().views, [&](const View& view) { return find_named(plan_.views, view.name) != nullptr; });
    });
  }
  void make_views() {
    if (plan_.views.empty()) return;
    change("make views", [&](SchemaEditor& editor) {
      for (const auto& view : plan_.views) editor.schema().views.push_back(view);
    });
  }

  Operations& op_;
  OperationsContext& context_;
  QualifiedName name_;
  const KeyChange& change_;
  bool to_uuid_;
  Operations::Place place_;
  Location at_;
  QualifiedName map_;
  std::string column_;
  std::string number_type_;
  bool had_identity_ = false;
  Schema plan_;
  std::vector<KeyPlace> places_;
};

}  // namespace

void Operations::change_key_to_uuid(const TableName& table, const KeyChange& change, Place place) { KeyChanger(*this, context_, table, change, true, place).run(); }
void Operations::change_key_to_integer(const TableName& table, const KeyChange& change, Place place) { KeyChanger(*this, context_, table, change, false, place).run(); }

}  // namespace migrate
