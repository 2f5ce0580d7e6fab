#include "operation/operation.hpp"

#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "schema/access.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

// ---- reverse -------------------------------------------------------------------------------------------------------

/// The way back of a hint: a cast or backfill has none, and a renamed value is renamed back.
template <class T>
T as_target(T object) {
  auto spelling = std::move(object.declared.spelling);
  object.declared = {};
  object.declared.spelling = std::move(spelling);
  return object;
}
PrimaryKey as_target(PrimaryKey key) { return key; }
EnumType reversed_target(const EnumType& before, const EnumType& after) {
  EnumType target = as_target(before);
  for (const auto& [now, was] : after.declared.value_renames) target.declared.value_renames[was] = now;
  return target;
}

struct Reverser {
  Operation operator()(const CreateSchema& op) const { return DropSchema{op.name}; }
  Operation operator()(const DropSchema& op) const { return CreateSchema{op.name}; }
  Operation operator()(const SetDatabaseOptions& op) const { return SetDatabaseOptions{op.after, op.before}; }
  Operation operator()(const SetAccess& op) const { return SetAccess{op.on, op.after, op.before}; }
  Operation operator()(const Sql& op) const { return Sql{op.reverse, op.text}; }
  Operation operator()(const ReorderColumns& op) const { return ReorderColumns{op.table, op.after, op.before}; }
  template <class T>
  Operation operator()(const Create<T>& op) const {
    return Drop<T>{op.object};
  }
  template <class T>
  Operation operator()(const Drop<T>& op) const {
    return Create<T>{op.object};
  }
  template <class T>
  Operation operator()(const Alter<T>& op) const {
    return Alter<T>{op.after, as_target(op.before)};
  }
  Operation operator()(const Alter<EnumType>& op) const {
    return Alter<EnumType>{op.after, reversed_target(op.before, op.after)};
  }
  template <class T>
  Operation operator()(const Rename<T>& op) const {
    return Rename<T>{op.to, op.from, op.arguments, op.kind};
  }
  template <class T>
  Operation operator()(const Add<T>& op) const {
    return Remove<T>{op.table, op.object, op.after};
  }
  template <class T>
  Operation operator()(const Remove<T>& op) const {
    return Add<T>{op.table, op.object, op.after};
  }
  template <class T>
  Operation operator()(const Change<T>& op) const {
    return Change<T>{op.table, op.after, as_target(op.before)};
  }
  /// Values of an enum that is a column's own type are renamed back.
  Operation operator()(const Change<Column>& op) const {
    Column target = as_target(op.before);
    for (const auto& [now, was] : op.after.declared.value_renames) target.declared.value_renames[was] = now;
    target.declared.cast = op.before.declared.cast;  // what the engine was asked for, for the way back
    return Change<Column>{op.table, op.after, std::move(target)};
  }
  template <class T>
  Operation operator()(const RenamePart<T>& op) const {
    return RenamePart<T>{op.table, op.to, op.from};
  }
};

// ---- apply ---------------------------------------------------------------------------------------------------------

template <class T>
std::vector<T>& objects(Schema& schema) {
  if constexpr (std::is_same_v<T, Extension>) return schema.extensions;
  else if constexpr (std::is_same_v<T, EnumType>) return schema.enums;
  else if constexpr (std::is_same_v<T, Domain>) return schema.domains;
  else if constexpr (std::is_same_v<T, Sequence>) return schema.sequences;
  else if constexpr (std::is_same_v<T, Definition>) return schema.definitions;
  else if constexpr (std::is_same_v<T, Routine>) return schema.routines;
  else if constexpr (std::is_same_v<T, View>) return schema.views;
  else return schema.tables;
}

template <class T>
std::vector<T>& parts(Table& table) {
  if constexpr (std::is_same_v<T, Column>) return table.columns;
  else if constexpr (std::is_same_v<T, Unique>) return table.uniques;
  else if constexpr (std::is_same_v<T, ForeignKey>) return table.foreign_keys;
  else if constexpr (std::is_same_v<T, Check>) return table.checks;
  else if constexpr (std::is_same_v<T, Exclusion>) return table.exclusions;
  else if constexpr (std::is_same_v<T, Index>) return table.indexes;
  else if constexpr (std::is_same_v<T, Trigger>) return table.triggers;
  else return table.policies;
}

[[noreturn]] void missing(const std::string& what) { throw std::logic_error("an operation on something that is not there: " + what); }

template <class T>
bool same_object(const T& a, const T& b) {
  if constexpr (std::is_same_v<T, Routine>) return a.name == b.name && a.kind == b.kind && a.arguments == b.arguments;
  else if constexpr (std::is_same_v<T, Definition>) return a.name == b.name && a.kind == b.kind;
  else return a.name == b.name;
}

template <class T>
typename std::vector<T>::iterator find_object(std::vector<T>& items, const T& like) {
  const auto it = std::find_if(items.begin(), items.end(), [&](const T& item) { return same_object(item, like); });
  if (it == items.end()) {
    if constexpr (std::is_same_v<T, Extension>) missing(like.name);
    else missing(like.name.text());
  }
  return it;
}

Table& table_in(Schema& schema, const QualifiedName& name) {
  auto* table = find_named(schema.tables, name);
  if (table == nullptr) missing("table " + name.text());
  return *table;
}

/// The part of that name; unnamed ones are found by their content.
template <class T>
typename std::vector<T>::iterator find_part(std::vector<T>& items, const T& like) {
  auto it = std::find_if(items.begin(), items.end(), [&](const T& item) {
    return like.name.empty() ? item == like : item.name == like.name;
  });
  if (it == items.end()) missing(like.name);
  return it;
}

void replace_name(std::vector<std::string>& names, const std::string& from, const std::string& to) {
  std::replace(names.begin(), names.end(), from, to);
}

void replace_name(std::vector<IndexPart>& parts, const std::string& from, const std::string& to) {
  for (auto& part : parts) {
    if (part.column == from) part.column = to;
  }
}

/// The object that a place is, or is a column of; nothing for schemas and defaults.
std::optional<ObjectId> object_of(const AccessPlace& place) {
  switch (place.kind) {
    case AccessPlace::Kind::schema:
    case AccessPlace::Kind::defaults: return std::nullopt;
    case AccessPlace::Kind::function:
    case AccessPlace::Kind::procedure: return ObjectId{.kind = ObjectId::Kind::routine, .name = place.name, .part = place.part};
    case AccessPlace::Kind::type: return ObjectId{.kind = ObjectId::Kind::type, .name = place.name, .part = {}};
    default: return ObjectId{.kind = ObjectId::Kind::relation, .name = place.name, .part = {}};
  }
}

/// The recorded dependencies and rights under an object's new name.
void rename_needs(Schema& schema, const ObjectId& from, const ObjectId& to) {
  std::map<ObjectId, std::vector<Need>> renamed;
  const auto rename = [&](ObjectId& id) {
    if (id.name != from.name) return;
    const bool part_of_it = from.kind == ObjectId::Kind::relation && (id.kind == ObjectId::Kind::trigger || id.kind == ObjectId::Kind::policy);
    if (part_of_it || (id.kind == from.kind && (from.part.empty() || id.part.empty() || id.part == from.part))) id.name = to.name;
  };
  for (auto& [object, needs] : schema.dependencies.needs) {
    auto id = object;
    rename(id);
    for (auto& need : needs) rename(need.on);
    renamed.emplace(std::move(id), std::move(needs));
  }
  schema.dependencies.needs = std::move(renamed);
  std::map<ObjectId, std::vector<Given>> given;
  for (auto& [object, statements] : schema.rights.given) {
    auto id = object;
    rename(id);
    given.emplace(std::move(id), std::move(statements));
  }
  schema.rights.given = std::move(given);
  std::map<AccessPlace, Access> access;
  for (auto& [place, had] : schema.rights.access) {
    auto now = place;
    auto id = object_of(place);
    if (id) rename(*id);
    if (id) now.name = id->name;
    access.emplace(std::move(now), std::move(had));
  }
  schema.rights.access = std::move(access);
}

void rename_needed_column(Schema& schema, const RenamePart<Column>& op) {
  if (auto had = schema.rights.access.extract(AccessPlace{AccessPlace::Kind::column, op.table, op.from})) {
    had.key().part = op.to;
    schema.rights.access.insert(std::move(had));
  }
  for (auto& [object, needs] : schema.dependencies.needs) {
    for (auto& need : needs) {
      if (need.on.kind == ObjectId::Kind::relation && need.on.name == op.table) std::replace(need.columns.begin(), need.columns.end(), op.from, op.to);
    }
  }
}

/// A renamed column is renamed in every key and index that lists it by name, of its own table and of keys to it.
void rename_column(Schema& schema, const RenamePart<Column>& op) {
  rename_needed_column(schema, op);
  Table& table = table_in(schema, op.table);
  find_part(table.columns, Column{.name = op.from})->name = op.to;
  if (table.primary_key) {
    replace_name(table.primary_key->parts, op.from, op.to);
    replace_name(table.primary_key->include, op.from, op.to);
  }
  for (auto& unique : table.uniques) {
    replace_name(unique.parts, op.from, op.to);
    replace_name(unique.include, op.from, op.to);
  }
  for (auto& index : table.indexes) {
    replace_name(index.parts, op.from, op.to);
    replace_name(index.include, op.from, op.to);
  }
  for (auto& key : table.foreign_keys) replace_name(key.columns, op.from, op.to);
  for (auto& other : schema.tables) {
    for (auto& key : other.foreign_keys) {
      if (key.references == op.table) replace_name(key.referenced_columns, op.from, op.to);
    }
  }
  const auto owned = op.table.text() + ".";
  for (auto& sequence : schema.sequences) {
    if (sequence.owned_by == owned + op.from) sequence.owned_by = owned + op.to;
  }
}

void rename_table(Schema& schema, const Rename<Table>& op) {
  rename_needs(schema, {.kind = ObjectId::Kind::relation, .name = op.from}, {.kind = ObjectId::Kind::relation, .name = op.to});
  Table& table = table_in(schema, op.from);
  table.name = op.to;
  for (auto& trigger : table.triggers) trigger.table = op.to;
  for (auto& other : schema.tables) {
    for (auto& key : other.foreign_keys) {
      if (key.references == op.from) key.references = op.to;
    }
  }
  const auto owned = op.from.text() + ".";
  for (auto& sequence : schema.sequences) {
    if (sequence.owned_by.starts_with(owned)) sequence.owned_by = op.to.text() + "." + sequence.owned_by.substr(owned.size());
  }
}

void insert_column(Table& table, const Column& column, const std::optional<std::string>& after) {
  if (!after) {
    table.columns.push_back(column);
    return;
  }
  auto at = table.columns.begin();
  if (!after->empty()) at = std::next(find_part(table.columns, Column{.name = *after}));
  table.columns.insert(at, column);
}

template <class T>
constexpr ObjectId::Kind object_kind = std::is_same_v<T, Routine>                                   ? ObjectId::Kind::routine
                                   : std::is_same_v<T, EnumType> || std::is_same_v<T, Domain> ? ObjectId::Kind::type
                                   : std::is_same_v<T, Definition>                            ? ObjectId::Kind::definition
                                                                                              : ObjectId::Kind::relation;

struct Applier {
  Schema& schema;

  void operator()(const CreateSchema& op) const {
    if (std::find(schema.schemas.begin(), schema.schemas.end(), op.name) == schema.schemas.end()) schema.schemas.push_back(op.name);
  }
  void operator()(const DropSchema& op) const { std::erase(schema.schemas, op.name); }
  void operator()(const SetDatabaseOptions& op) const { schema.options = op.after; }
  void operator()(const SetAccess& op) const {
    if (auto* declared = declaration_of(schema, op.on)) declared->access = op.after;
    else schema.access.places[op.on] = op.after;
    schema.rights.access[op.on] = op.after;
  }
  void operator()(const Sql&) const {}

  template <class T>
  void operator()(const Create<T>& op) const {
    objects<T>(schema).push_back(op.object);
  }
  template <class T>
  void operator()(const Drop<T>& op) const {
    auto& items = objects<T>(schema);
    items.erase(find_object(items, op.object));
  }
  template <class T>
  void operator()(const Alter<T>& op) const {
    auto& items = objects<T>(schema);
    *find_object(items, op.before) = op.after;
  }
  void operator()(const Alter<Table>& op) const {
    Table& table = table_in(schema, op.before.name);
    table.comment = op.after.comment;
    table.options = op.after.options;
  }
  /// A column's default follows when a value of its type is renamed.
  void operator()(const Alter<EnumType>& op) const {
    *find_object(schema.enums, op.before) = op.after;
    const auto& renames = op.after.declared.value_renames;
    for (auto& table : schema.tables) {
      for (auto& column : table.columns) {
        if (column.type != op.after.name.text() || !column.default_value || column.default_value->expression) continue;
        for (const auto& [now, was] : renames) {
          if (column.default_value->text != was) continue;
          column.default_value->text = now;
          break;
        }
      }
    }
  }
  /// A view's triggers are compared and changed one by one: they stay.
  void operator()(const Alter<View>& op) const {
    View& view = *find_object(schema.views, op.before);
    auto triggers = std::move(view.triggers);
    view = op.after;
    view.triggers = std::move(triggers);
  }
  template <class T>
  void operator()(const Rename<T>& op) const {
    if constexpr (std::is_same_v<T, Table>) {
      rename_table(schema, op);
    } else {
      T like;
      like.name = op.from;
      if constexpr (std::is_same_v<T, Routine>) {
        like.arguments = op.arguments;
        like.kind = op.kind == "procedure" ? Routine::Kind::procedure : Routine::Kind::function;
      }
      if constexpr (std::is_same_v<T, Definition>) like.kind = op.kind;
      find_object(objects<T>(schema), like)->name = op.to;
      auto id = ObjectId{.kind = object_kind<T>, .name = op.from};
      if constexpr (std::is_same_v<T, Routine>) id.part = op.arguments;
      if constexpr (std::is_same_v<T, Definition>) {
        if (op.kind == "type") id.kind = ObjectId::Kind::type;
        else id.part = op.kind;
      }
      rename_needs(schema, id, {.kind = id.kind, .name = op.to});
      if constexpr (std::is_same_v<T, EnumType> || std::is_same_v<T, Domain>) retype(op.from, op.to);
    }
  }
  /// Columns of a renamed type have the type's new name, arrays of it too.
  void retype(const QualifiedName& from, const QualifiedName& to) const {
    for (auto& table : schema.tables) {
      for (auto& column : table.columns) {
        const auto base = column.type.substr(0, column.type.find('['));
        if (base == from.text()) column.type = to.text() + column.type.substr(base.size());
      }
    }
  }

  template <class T>
  void operator()(const Add<T>& op) const {
    if constexpr (std::is_same_v<T, Column>) insert_column(table_in(schema, op.table), op.object, op.after);
    else list_of<T>(op.table).push_back(op.object);
  }
  void operator()(const Add<PrimaryKey>& op) const { table_in(schema, op.table).primary_key = op.object; }
  template <class T>
  void operator()(const Remove<T>& op) const {
    auto& items = list_of<T>(op.table);
    items.erase(find_part(items, op.object));
  }
  void operator()(const Remove<PrimaryKey>& op) const { table_in(schema, op.table).primary_key.reset(); }
  template <class T>
  void operator()(const Change<T>& op) const {
    *find_part(list_of<T>(op.table), op.before) = op.after;
  }
  void operator()(const Change<PrimaryKey>& op) const { table_in(schema, op.table).primary_key = op.after; }
  template <class T>
  void operator()(const RenamePart<T>& op) const {
    if constexpr (std::is_same_v<T, Column>) {
      rename_column(schema, op);
    } else {
      T like;
      like.name = op.from;
      find_part(list_of<T>(op.table), like)->name = op.to;
    }
  }
  void operator()(const RenamePart<PrimaryKey>& op) const { table_in(schema, op.table).primary_key->name = op.to; }

  void operator()(const ReorderColumns& op) const {
    auto& columns = table_in(schema, op.table).columns;
    std::stable_sort(columns.begin(), columns.end(), [&](const Column& a, const Column& b) {
      const auto place = [&](const Column& c) { return std::find(op.after.begin(), op.after.end(), c.name) - op.after.begin(); };
      return place(a) < place(b);
    });
  }

  /// Parts of a table; indexes and triggers may stand on a view too.
  template <class T>
  std::vector<T>& list_of(const QualifiedName& name) const {
    if constexpr (std::is_same_v<T, Index> || std::is_same_v<T, Trigger>) {
      if (find_named(schema.tables, name) == nullptr) {
        if (auto* view = find_named(schema.views, name)) {
          if constexpr (std::is_same_v<T, Index>) return view->indexes;
          else return view->triggers;
        }
      }
    }
    return parts<T>(table_in(schema, name));
  }
};

}  // namespace

Operation reverse(const Operation& operation) { return std::visit(Reverser{}, operation); }

std::vector<Operation> reverse(const std::vector<Operation>& operations) {
  std::vector<Operation> reversed;
  reversed.reserve(operations.size());
  for (auto it = operations.rbegin(); it != operations.rend(); ++it) reversed.push_back(reverse(*it));
  return reversed;
}

void apply(Schema& schema, const Operation& operation) { std::visit(Applier{schema}, operation); }

}  // namespace migrate
