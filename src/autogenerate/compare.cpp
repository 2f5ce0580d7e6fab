#include "autogenerate/compare.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <type_traits>

#include "schema/lookup.hpp"

namespace migrate {
namespace {

template <class T>
bool same_but_name(T a, const T& b) {
  a.name = b.name;
  return a == b;
}

bool name_matters(const Declaration& declared, const std::string& name) { return !declared.generated_name && !name.empty(); }

/// The parts of one kind of one table (or view), live against declared.
template <class T>
class PartComparison {
 public:
  PartComparison(const QualifiedName& table, const std::vector<T>& live, const std::vector<T>& declared, std::vector<PlannedChange>& out)
      : table_(table), live_(live), declared_(declared), out_(out), live_used_(live.size()), declared_used_(declared.size()) {}

  void run() {
    match_names();
    match_hints();
    match_contents();
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (!live_used_[i]) out_.push_back({Remove<T>{table_, live_[i]}});
    }
    for (std::size_t i = 0; i < declared_.size(); ++i) {
      if (!declared_used_[i]) out_.push_back({Add<T>{table_, declared_[i]}});
    }
  }

 private:
  void pair(std::size_t live, std::size_t declared) { live_used_[live] = declared_used_[declared] = true; }

  void match_names() {
    std::map<std::string, std::size_t> by_name;
    for (std::size_t i = 0; i < live_.size(); ++i) {
      if (!live_[i].name.empty()) by_name.emplace(live_[i].name, i);
    }
    for (std::size_t d = 0; d < declared_.size(); ++d) {
      const auto it = by_name.find(declared_[d].name);
      if (it == by_name.end()) continue;
      // A name that only a rule gave means nothing when the content is another's.
      if (declared_[d].declared.generated_name && !(live_[it->second] == declared_[d])) continue;
      pair(it->second, d);
      if (live_[it->second] != declared_[d]) out_.push_back({change_of(live_[it->second], declared_[d])});
    }
  }

  void match_hints() {
    for (std::size_t d = 0; d < declared_.size(); ++d) {
      const auto& from = declared_[d].declared.renamed_from;
      if (declared_used_[d] || from.empty()) continue;
      for (std::size_t l = 0; l < live_.size(); ++l) {
        if (live_used_[l] || live_[l].name != from) continue;
        pair(l, d);
        rename(live_[l], declared_[d]);
        break;
      }
    }
  }

  /// The same content under another name: no difference when the name does not matter, else a rename.
  void match_contents() {
    for (std::size_t d = 0; d < declared_.size(); ++d) {
      if (declared_used_[d]) continue;
      for (std::size_t l = 0; l < live_.size(); ++l) {
        if (live_used_[l] || !same_but_name(live_[l], declared_[d])) continue;
        if (!name_matters(declared_[d].declared, declared_[d].name)) {
          pair(l, d);
          break;
        }
        if (live_[l].name.empty()) continue;
        pair(l, d);
        rename(live_[l], declared_[d]);
        break;
      }
    }
  }

  void rename(const T& live, const T& declared) {
    out_.push_back({RenamePart<T>{table_, live.name, declared.name}});
    T renamed = live;
    renamed.name = declared.name;
    if (renamed != declared) out_.push_back({change_of(renamed, declared)});
  }

  Operation change_of(const T& before, const T& after) const { return Change<T>{table_, before, after}; }

  const QualifiedName& table_;
  const std::vector<T>& live_;
  const std::vector<T>& declared_;
  std::vector<PlannedChange>& out_;
  std::vector<bool> live_used_;
  std::vector<bool> declared_used_;
};

template <class T>
void compare_parts(const QualifiedName& table, const std::vector<T>& live, const std::vector<T>& declared, std::vector<PlannedChange>& out) {
  if (live.empty() && declared.empty()) return;
  PartComparison<T>(table, live, declared, out).run();
}

/// The common case, nothing changed, without a map.
bool same_columns(const Table& live, const Table& declared) { return live.columns == declared.columns; }

std::optional<std::string> place_of(const Table& table, std::size_t index) {
  return index == 0 ? std::string() : table.columns[index - 1].name;
}

void compare_columns(const Table& live, const Table& declared, const Capabilities& can, std::vector<PlannedChange>& out) {
  if (same_columns(live, declared)) return;
  std::map<std::string, std::size_t> before;
  std::map<std::string, std::size_t> after;
  for (std::size_t i = 0; i < live.columns.size(); ++i) before.emplace(live.columns[i].name, i);
  for (std::size_t i = 0; i < declared.columns.size(); ++i) after.emplace(declared.columns[i].name, i);
  const bool place = can.column_order && (can.alter_column_in_place || declared.declared.strict_order);
  std::vector<std::string> now;
  for (std::size_t i = 0; i < live.columns.size(); ++i) {
    if (after.contains(live.columns[i].name)) {
      now.push_back(live.columns[i].name);
    } else {
      out.push_back({Remove<Column>{live.name, live.columns[i], can.column_order ? place_of(live, i) : std::nullopt}});
    }
  }
  std::vector<PlannedChange> changed;
  for (std::size_t i = 0; i < declared.columns.size(); ++i) {
    const auto& column = declared.columns[i];
    const auto it = before.find(column.name);
    if (it == before.end()) {
      // A column that stands last needs no place.
      const bool last = i + 1 == declared.columns.size() || !place;
      out.push_back({Add<Column>{live.name, column, last ? std::nullopt : place_of(declared, i)}});
      if (last) now.push_back(column.name);
      else now.insert(i == 0 ? now.begin() : std::find(now.begin(), now.end(), declared.columns[i - 1].name) + 1, column.name);
    } else if (live.columns[it->second] != column) {
      changed.push_back({Change<Column>{live.name, live.columns[it->second], column}});
    }
  }
  out.insert(out.end(), changed.begin(), changed.end());
  std::vector<std::string> wanted;
  for (const auto& column : declared.columns) wanted.push_back(column.name);
  if (declared.declared.strict_order && can.column_order && now != wanted) out.push_back({ReorderColumns{live.name, now, wanted}});
}

void compare_primary_key(const Table& live, const Table& declared, std::vector<PlannedChange>& out) {
  if (live.primary_key == declared.primary_key) return;
  if (!declared.primary_key) {
    out.push_back({Remove<PrimaryKey>{live.name, *live.primary_key}});
  } else if (!live.primary_key) {
    out.push_back({Add<PrimaryKey>{live.name, *declared.primary_key}});
  } else {
    PrimaryKey after = *declared.primary_key;
    if (after.name.empty()) after.name = live.primary_key->name;
    if (after == *live.primary_key) return;
    PrimaryKey before = *live.primary_key;
    if (!before.name.empty() && before.name != after.name) {
      out.push_back({RenamePart<PrimaryKey>{live.name, before.name, after.name}});
      before.name = after.name;
    }
    if (before != after) out.push_back({Change<PrimaryKey>{live.name, before, after}});
  }
}

/// The comment and options of a table as a table of its own.
Table shell_of(const Table& table) { return {.name = table.name, .comment = table.comment, .options = table.options}; }

void compare_table(const Table& live, const Table& declared, const Capabilities& can, std::vector<PlannedChange>& out) {
  // A partition's columns are its parent's.
  if (!live.options.contains("partition_of") && !declared.options.contains("partition_of")) {
    compare_columns(live, declared, can, out);
    compare_primary_key(live, declared, out);
  }
  compare_parts(live.name, live.uniques, declared.uniques, out);
  compare_parts(live.name, live.checks, declared.checks, out);
  compare_parts(live.name, live.exclusions, declared.exclusions, out);
  compare_parts(live.name, live.indexes, declared.indexes, out);
  compare_parts(live.name, live.foreign_keys, declared.foreign_keys, out);
  compare_parts(live.name, live.triggers, declared.triggers, out);
  compare_parts(live.name, live.policies, declared.policies, out);
  if (live.comment != declared.comment || live.options != declared.options) {
    out.push_back({Alter<Table>{shell_of(live), shell_of(declared)}});
  }
}

void compare_view(const View& live, const View& declared, std::vector<PlannedChange>& out) {
  if (live.materialized != declared.materialized) {
    out.push_back({Drop<View>{live}});
    out.push_back({Create<View>{declared}});
    return;
  }
  View before = live;
  View after = declared;
  // Its indexes and triggers are compared one by one, unless the view is made again with all of them.
  before.triggers.clear();
  after.triggers.clear();
  before.indexes.clear();
  after.indexes.clear();
  if (before != after) {
    if (live.materialized) {
      before.indexes = live.indexes;
      after.indexes = declared.indexes;
    }
    out.push_back({Alter<View>{before, after}});
  } else {
    compare_parts(live.name, live.indexes, declared.indexes, out);
  }
  compare_parts(live.name, live.triggers, declared.triggers, out);
}

template <class T>
auto key_of(const T& object) {
  if constexpr (std::is_same_v<T, Routine>) return std::make_tuple(object.name, object.kind == Routine::Kind::procedure, object.arguments);
  else if constexpr (std::is_same_v<T, Definition>) return std::make_tuple(object.name, object.kind);
  else return std::make_tuple(object.name);
}

/// Objects of one kind: creates, drops, and `differ` for the ones on both sides that are not equal.
template <class T, class Differ>
void compare_objects(const std::vector<T>& live, const std::vector<T>& declared, std::vector<PlannedChange>& out, const Differ& differ) {
  if (live == declared) return;
  std::map<decltype(key_of(live.front())), const T*> before;
  std::set<decltype(key_of(live.front()))> after;
  for (const auto& object : live) before.emplace(key_of(object), &object);
  for (const auto& object : declared) after.insert(key_of(object));
  for (const auto& object : live) {
    if (!after.contains(key_of(object))) out.push_back({Drop<T>{object}});
  }
  for (const auto& object : declared) {
    const auto it = before.find(key_of(object));
    if (it == before.end()) out.push_back({Create<T>{object}});
    else if (*it->second != object) differ(*it->second, object);
  }
}

template <class T>
void compare_objects(const std::vector<T>& live, const std::vector<T>& declared, std::vector<PlannedChange>& out) {
  compare_objects(live, declared, out, [&](const T& before, const T& after) { out.push_back({Alter<T>{before, after}}); });
}

/// Aggregates that the model does not name are left alone.
void compare_definitions(std::vector<Definition> live, const std::vector<Definition>& declared, std::vector<PlannedChange>& out) {
  std::erase_if(live, [&](const Definition& definition) {
    return definition.kind == "aggregate" && std::none_of(declared.begin(), declared.end(), [&](const Definition& other) {
             return other.kind == definition.kind && other.name == definition.name;
           });
  });
  compare_objects(live, declared, out);
}

/// Extensions may be installed by whoever runs the server: only a model that names some decides about them.
void compare_extensions(const Schema& live, const Schema& declared, std::vector<PlannedChange>& out) {
  if (declared.extensions.empty()) return;
  compare_objects(live.extensions, declared.extensions, out, [&](const Extension& before, Extension after) {
    if (after.schema.empty()) after.schema = before.schema;
    if (after.version.empty()) after.version = before.version;
    if (after.comment.empty()) after.comment = before.comment;
    if (before != after) out.push_back({Alter<Extension>{before, after}});
  });
}

}  // namespace

bool differ(const Table& live, const Table& declared, const ServerInfo& server) {
  if (live == declared) return false;
  std::vector<PlannedChange> out;
  compare_table(live, declared, server.capabilities, out);
  return !out.empty();
}

std::vector<PlannedChange> compare(const Schema& live, const Schema& declared, const ServerInfo& server) {
  std::vector<PlannedChange> out;
  const auto& can = server.capabilities;
  for (const auto& name : declared.schemas) {
    if (std::find(live.schemas.begin(), live.schemas.end(), name) == live.schemas.end()) out.push_back({CreateSchema{name}});
  }
  // A model that says nothing of the database's own options leaves them alone.
  Options options = live.options;
  for (const auto& [key, value] : declared.options) options[key] = value;
  if (options != live.options) out.push_back({SetDatabaseOptions{live.options, options}});
  compare_extensions(live, declared, out);
  compare_objects(live.enums, declared.enums, out);
  compare_objects(live.domains, declared.domains, out);
  compare_objects(live.sequences, declared.sequences, out);
  compare_definitions(live.definitions, declared.definitions, out);
  compare_objects(live.routines, declared.routines, out);
  compare_objects(live.tables, declared.tables, out, [&](const Table& before, const Table& after) { compare_table(before, after, can, out); });
  compare_objects(live.views, declared.views, out, [&](const View& before, const View& after) { compare_view(before, after, out); });
  return out;
}

}  // namespace migrate
