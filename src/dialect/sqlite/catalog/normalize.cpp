#include "dialect/sqlite/catalog/normalize.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "dialect/connection.hpp"
#include "dialect/sqlite/canonical/create.hpp"
#include "dialect/sqlite/canonical/related.hpp"
#include "dialect/sqlite/run/connect.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

/// What an application may bring to its own connections, and this program does not have.
bool brought_by_application(const std::string& message) {
  static constexpr std::array<std::string_view, 4> causes{"no such function", "unknown function", "no such module", "no such collation"};
  return std::any_of(causes.begin(), causes.end(), [&](std::string_view cause) { return message.find(cause) != std::string::npos; });
}

/// Makes the objects in a database in memory, so that SQLite refuses there what it would refuse at `upgrade`.
class Trial {
 public:
  Trial() : memory_(connect({.scheme = "sqlite"})) {}

  void make_table(const Table& table) {
    if (!attempt("table " + table.name.name, table.declared.location, create_table_sql(table, table.name.name))) {
      absent_.insert(lower(table.name.name));
      return;
    }
    for (const auto& index : table.indexes) {
      attempt("index " + index.name + " on " + table.name.name, index.declared.location, create_index_sql(index, table));
    }
  }

  void make_view(const View& view) {
    if (!attempt("view " + view.name.name, view.declared.location, create_view_sql(view))) absent_.insert(lower(view.name.name));
  }

  /// CREATE VIEW takes any text; reading from the view shows whether it can be read.
  void read_view(const View& view) {
    attempt("view " + view.name.name, view.declared.location, "EXPLAIN SELECT * FROM " + quote_name(view.name.name));
  }

  /// A trigger's body is read when something would fire it.
  void make_trigger(const Trigger& trigger, const std::vector<Column>* columns) {
    const std::string what = "trigger " + trigger.name;
    if (!attempt(what, trigger.declared.location, trigger.definition)) return;
    if (columns == nullptr) return;  // a view cannot be changed in ways that it has no trigger for
    const std::string table = quote_name(trigger.table.name);
    attempt(what, trigger.declared.location, "EXPLAIN DELETE FROM " + table);
    for (const auto& column : *columns) {
      if (column.generated) continue;
      const std::string name = quote_name(column.name);
      attempt(what, trigger.declared.location, "EXPLAIN UPDATE " + table + " SET " + name + " = " + name);
    }
    attempt(what, trigger.declared.location, "EXPLAIN INSERT INTO " + table + " DEFAULT VALUES");
  }

 private:
  bool attempt(const std::string& what, const Location& location, const std::string& sql) {
    try {
      memory_->execute(sql);
      return true;
    } catch (const DatabaseError& error) {
      if (brought_by_application(error.message()) || stands_on_absent(error.message())) return false;
      throw Error{ErrorKind::usage, "SQLite refuses the " + what + ": " + error.message(), "correct its definition in the model", location};
    }
  }

  /// What cannot be made here for want of something that the application brings takes along what stands on it.
  [[nodiscard]] bool stands_on_absent(const std::string& message) const {
    static constexpr std::string_view words = "no such table: ";
    const auto at = message.find(words);
    if (at == std::string::npos) return false;
    auto name = lower(message.substr(at + words.size()));
    if (name.starts_with("main.")) name.erase(0, 5);
    return absent_.contains(name);
  }

  std::set<std::string> absent_;  ///< in lower case
  std::unique_ptr<Connection> memory_;
};

/// Tables and views that the views and triggers in doubt read.
Schema needed_for(const Schema& objects, const Schema& declared) {
  Schema needed;
  const auto take = [](auto& into, const auto& from) {
    for (const auto& object : from) {
      if (find_named(into, object.name) == nullptr) into.push_back(object);
    }
  };
  for (const auto& view : objects.views) {
    const Schema related = related_to(declared, view.name.name);
    take(needed.tables, related.tables);
    take(needed.views, related.views);
  }
  for (const auto& table : objects.tables) {
    if (table.triggers.empty()) continue;
    const Schema related = related_to(declared, table.name.name);
    take(needed.tables, related.tables);
    take(needed.views, related.views);
  }
  return needed;
}

void try_out(const Schema& objects, const Schema& declared) {
  Trial trial;
  for (const auto& table : objects.tables) trial.make_table(table);
  const Schema needed = needed_for(objects, declared);
  for (const auto& table : needed.tables) {
    if (find_named(objects.tables, table.name) == nullptr) trial.make_table(table);
  }
  for (const auto& view : objects.views) trial.make_view(view);
  for (const auto& view : needed.views) {
    if (find_named(objects.views, view.name) == nullptr) trial.make_view(view);
  }
  // A virtual table is not made here: what reads one cannot be tried.
  if (!declared.definitions.empty()) return;
  for (const auto& view : objects.views) trial.read_view(view);
  for (const auto& table : objects.tables) {
    for (const auto& trigger : table.triggers) trial.make_trigger(trigger, &table.columns);
  }
  for (const auto& view : objects.views) {
    for (const auto& trigger : view.triggers) trial.make_trigger(trigger, nullptr);
  }
}

void take_live_triggers(std::vector<Trigger>& triggers, const std::vector<Trigger>& live) {
  for (auto& trigger : triggers) {
    const Trigger* other = find_named(live, trigger.name);
    if (other != nullptr && same_sql(trigger.definition, other->definition)) trigger.definition = other->definition;
  }
}

}  // namespace

Schema normalize(const Schema& objects, const Schema& declared, const Schema& live) {
  try_out(objects, declared);
  Schema result = objects;
  for (auto& table : result.tables) {
    if (const Table* other = find_named(live.tables, table.name)) take_live_triggers(table.triggers, other->triggers);
  }
  for (auto& view : result.views) {
    const View* other = find_named(live.views, view.name);
    if (other == nullptr) continue;
    if (same_sql(view.definition, other->definition)) view.definition = other->definition;
    take_live_triggers(view.triggers, other->triggers);
  }
  for (auto& definition : result.definitions) {
    const Definition* other = find_named(live.definitions, definition.name);
    if (other != nullptr && same_sql(definition.definition, other->definition)) definition.definition = other->definition;
  }
  return result;
}

}  // namespace migrate::sqlite
