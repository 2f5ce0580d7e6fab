#include "dialect/sqlite/canonical/virtual.hpp"
#include "dialect/sqlite/catalog/inspect.hpp"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"

namespace migrate::sqlite {
namespace {

struct Object {
  std::string type;
  std::string name;
  std::string table;
  std::string sql;
};

/// Objects without SQL are the indexes behind PRIMARY KEY and UNIQUE.
std::vector<Object> read_objects(Connection& connection) {
  Result result = connection.query(R"(
    SELECT type, name, tbl_name, sql
      FROM sqlite_schema
     WHERE sql IS NOT NULL
       AND name NOT LIKE 'sqlite\_%' ESCAPE '\'
     ORDER BY rowid)");
  std::vector<Object> objects;
  objects.reserve(result.rows.size());
  for (Row& row : result.rows) {
    objects.push_back({std::move(*row[0]), std::move(*row[1]), std::move(*row[2]), std::move(*row[3])});
  }
  return objects;
}

bool is_virtual(const Object& object) {
  return object.type == "table" && starts_with_ignoring_case(object.sql, "CREATE VIRTUAL TABLE");
}

std::string module_of(const Object& object) {
  Cursor cursor(object.sql);
  while (!cursor.at_end() && !cursor.is("USING")) cursor.advance();
  cursor.advance();
  return cursor.at_end() ? std::string() : lower(cursor.name());
}

/// The tables in which a virtual table keeps its data; they belong to it.
void add_shadow_names(const Object& object, std::unordered_set<std::string>& names) {
  static constexpr std::array<std::string_view, 8> text_search{"data", "idx", "content", "docsize", "config", "segments", "segdir", "stat"};
  static constexpr std::array<std::string_view, 3> tree{"node", "rowid", "parent"};
  const std::string module = module_of(object);
  const auto add = [&](std::string_view suffix) { names.insert(lower(object.name) + "_" + std::string(suffix)); };
  if (module.starts_with("fts")) std::for_each(text_search.begin(), text_search.end(), add);
  if (module.starts_with("rtree") || module == "geopoly") std::for_each(tree.begin(), tree.end(), add);
  if (module == "spellfix1") add("vocab");
}

Definition virtual_table(const Object& object) {
  return {.kind = "virtual table", .name = {"", object.name}, .definition = virtual_table_sql(object.sql, object.name)};
}

class Collector {
 public:
  Collector(const std::vector<Object>& objects, const InspectOptions& options) : objects_(objects), options_(options) {
    for (const auto& object : objects) {
      if (is_virtual(object)) add_shadow_names(object, shadows_);
    }
  }

  Schema collect() {
    for (const auto& object : objects_) {
      if (object.type == "table") add_table(object);
      else if (object.type == "view") add_view(object);
    }
    for (const auto& object : objects_) {
      if (object.type == "index") add_index(object);
      else if (object.type == "trigger") add_trigger(object);
    }
    const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
    settle_foreign_keys(schema_);
    if (!options_.tables.empty()) std::erase_if(schema_.tables, [&](const Table& table) { return !wanted(table.name); });
    std::sort(schema_.tables.begin(), schema_.tables.end(), by_name);
    std::sort(schema_.views.begin(), schema_.views.end(), by_name);
    std::sort(schema_.definitions.begin(), schema_.definitions.end(), by_name);
    return std::move(schema_);
  }

 private:
  [[nodiscard]] bool looked_at(std::string_view kind, const std::string& name) const {
    return !options_.filter || options_.filter(kind, {"", name});
  }

  [[nodiscard]] bool wanted(const QualifiedName& name) const {
    return std::any_of(options_.tables.begin(), options_.tables.end(),
                       [&](const QualifiedName& table) { return equal_ignoring_case(table.name, name.name); });
  }

  void add_table(const Object& object) {
    if (is_virtual(object)) {
      if (options_.tables.empty() && looked_at("virtual table", object.name)) schema_.definitions.push_back(virtual_table(object));
      return;
    }
    if (shadows_.contains(lower(object.name)) || !looked_at("table", object.name)) return;
    schema_.tables.push_back(read_create_table(object.sql));
    schema_.tables.back().name.name = object.name;
    tables_[lower(object.name)] = schema_.tables.size() - 1;
  }

  void add_view(const Object& object) {
    if (!options_.tables.empty() || !looked_at("view", object.name)) return;
    schema_.views.push_back(read_create_view(object.sql));
    views_[lower(object.name)] = schema_.views.size() - 1;
  }

  void add_index(const Object& object) {
    const auto it = tables_.find(lower(object.table));
    if (it == tables_.end()) return;
    Table& table = schema_.tables[it->second];
    table.indexes.push_back(read_create_index(object.sql, table));
  }

  void add_trigger(const Object& object) {
    Trigger trigger = read_create_trigger(object.sql);
    if (const auto table = tables_.find(lower(object.table)); table != tables_.end()) {
      trigger.table = schema_.tables[table->second].name;
      schema_.tables[table->second].triggers.push_back(std::move(trigger));
    } else if (const auto view = views_.find(lower(object.table)); view != views_.end()) {
      trigger.table = schema_.views[view->second].name;
      schema_.views[view->second].triggers.push_back(std::move(trigger));
    }
  }

  const std::vector<Object>& objects_;
  const InspectOptions& options_;
  Schema schema_;
  std::unordered_set<std::string> shadows_;
  std::unordered_map<std::string, std::size_t> tables_;
  std::unordered_map<std::string, std::size_t> views_;
};

}  // namespace

Schema inspect(Connection& connection, const InspectOptions& options) {
  const std::vector<Object> objects = read_objects(connection);
  return Collector(objects, options).collect();
}

}  // namespace migrate::sqlite
