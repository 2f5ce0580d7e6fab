// Asking the server how it would store what is declared: temporary tables, views and tables under an odd name that are
// gone in the same round trip.

#include "dialect/mysql/catalog/normalize.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/mysql/canonical/create_table.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/render/render_table.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

/// The user may not do it, or what it refers to is not there yet: then the server cannot be asked.
bool cannot_ask(const DatabaseError& error) {
  switch (error.native_code) {
    case 1044: case 1142: case 1143: case 1227: case 1370:  // privileges
    case 1146: case 1356: case 1305: case 4091:             // a table, view, function or sequence that is not there
    case 1290: case 1792: case 1836:                        // read-only
    case 3750: case 1173:                                   // a table without a primary key, which this server takes no more
      return true;
    default:
      return error.cause != DatabaseError::Cause::statement;
  }
}

/// A table as the temporary one that is asked about: columns and checks. What depends on other objects, on keys or on the
/// engine says nothing about how expressions are stored.
Table scratch_table(const Table& table, bool needs_key) {
  Table scratch;
  scratch.name = table.name;
  scratch.columns = table.columns;
  std::erase_if(scratch.columns, [](const Column& column) { return column.options.contains("as_row"); });
  for (auto& column : scratch.columns) {
    column.identity.reset();
    column.options.erase("without_system_versioning");
  }
  scratch.checks = table.checks;
  for (const auto* key : {"charset", "collation"}) {
    if (table.options.contains(key)) scratch.options[key] = table.options.at(key);
  }
  if (needs_key) {
    const std::string name = "migrate_scratch_key";
    scratch.columns.push_back({.name = name, .type = "bigint", .nullable = false});
    scratch.primary_key = PrimaryKey{.parts = {{.column = name}}};
  }
  return scratch;
}

class SchemaNormalizer {
 public:
  SchemaNormalizer(Connection& connection, const ServerInfo& server, const Schema& declared, const Schema& live)
      : connection_(connection), context_(context_of(server, declared)), live_(live), view_usage_(server.capabilities.view_usage), needs_key_(is_on(server.defaults, "tables_need_keys")), scratch_("migrate_scratch_" + random_hex(6)) {}

  Schema run(Schema objects) {
    tables(objects.tables);
    for (auto& table : objects.tables) {
      triggers(table);
      partitions(table);
    }
    for (auto& view : objects.views) this->view(view, objects.dependencies);
    for (auto& routine : objects.routines) this->routine(routine);
    for (auto& definition : objects.definitions) event(definition);
    return objects;
  }

 private:
  std::string temporary(std::size_t i) const { return backtick(scratch_ + "_" + std::to_string(i)); }

  std::vector<std::string> table_queries(const Table& table, std::size_t i) const {
    return {create_table_sql(scratch_table(table, needs_key_), context_, temporary(i), true), "SHOW CREATE TABLE " + temporary(i), "DROP TEMPORARY TABLE " + temporary(i)};
  }

  void tables(std::vector<Table>& tables) {
    constexpr std::size_t batch = 200;
    for (std::size_t from = 0; from < tables.size(); from += batch) {
      const auto to = std::min(tables.size(), from + batch);
      std::vector<std::string> queries;
      for (auto i = from; i < to; ++i) {
        auto part = table_queries(tables[i], i);
        std::move(part.begin(), part.end(), std::back_inserter(queries));
      }
      try {
        const auto results = connection_.query_all(queries);
        for (auto i = from; i < to; ++i) take_table(tables[i], results[(i - from) * 3 + 1]);
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        drop_temporaries(from, to);
        for (auto i = from; i < to; ++i) one_table(tables[i], i);
      }
    }
  }

  void drop_temporaries(std::size_t from, std::size_t to) {
    std::vector<std::string> names;
    for (auto i = from; i < to; ++i) names.push_back(temporary(i));
    connection_.execute("DROP TEMPORARY TABLE IF EXISTS " + join(names, ", "));
  }

  void one_table(Table& table, std::size_t i) {
    try {
      const auto results = connection_.query_all(table_queries(table, i));
      take_table(table, results[1]);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      drop_temporaries(i, i + 1);
      if (!cannot_ask(error)) refuse("table", table.name, table.declared, error);
    }
  }

  [[noreturn]] static void refuse(std::string_view kind, const QualifiedName& name, const Declaration& declared, const DatabaseError& error) {
    throw Error{ErrorKind::usage, fmt::format("the server refuses the declared {} {}: {}", kind, name.text(), error.message()), {}, declared.location};
  }

  void take_table(Table& table, const Result& shown) const {
    const auto stored = read_create_table(shown.rows.at(0).at(1).value_or(""), context_);
    for (auto& column : table.columns) {
      const auto* server = find_named(stored.columns, column.name);
      if (server == nullptr) continue;
      column.type = server->type;
      column.default_value = server->default_value;
      if (column.generated && server->generated) column.generated = server->generated;
      column.collation = server->collation;
      for (const auto* key : {"charset", "column_check", "on_update"}) {
        column.options.erase(key);
        if (server->options.contains(key)) column.options[key] = server->options.at(key);
      }
    }
    for (auto& check : table.checks) {
      if (const auto* server = find_named(stored.checks, check.name)) check.expression = server->expression;
    }
  }

  void triggers(Table& table) const {
    const auto* live = find_named(live_.tables, table.name);
    if (live == nullptr) return;
    for (auto& trigger : table.triggers) {
      const auto* other = find_named(live->triggers, trigger.name);
      if (other != nullptr && same_program(trigger.definition, other->definition, context_, program_rules(trigger.options, context_))) trigger.definition = other->definition;
    }
  }

  /// Temporary tables have no partitions: a real one is made for a moment.
  void partitions(Table& table) {
    const auto* live = find_named(live_.tables, table.name);
    const auto clause = option(table.options, "partition_by");
    if (live == nullptr || clause.empty() || clause == option(live->options, "partition_by")) return;
    auto copy = table;
    copy.foreign_keys.clear();
    std::erase_if(copy.indexes, [](const Index& index) { return index.method == "fulltext" || index.method == "spatial"; });
    const auto name = backtick(scratch_);
    const std::vector<std::string> queries = {create_table_sql(copy, context_, name), "SHOW CREATE TABLE " + name, "DROP TABLE " + name};
    ask("table", table.name, table.declared, queries, "DROP TABLE IF EXISTS " + name, [&](const std::vector<Result>& results) {
      const auto stored = read_create_table(results[1].rows.at(0).at(1).value_or(""), context_);
      table.options["partition_by"] = option(stored.options, "partition_by");
    });
  }

  void view(View& view, Dependencies& dependencies) {
    const auto name = backtick(scratch_);
    const auto* other = find_named(live_.views, view.name);
    if (other != nullptr && view.definition == other->definition && view.columns == other->columns) {  // another property differs
      const ObjectId id{.kind = ObjectId::Kind::relation, .name = view.name, .part = {}};
      if (const auto needs = live_.dependencies.needs.find(id); needs != live_.dependencies.needs.end()) dependencies.needs[id] = needs->second;
      return;
    }
    auto plain = view;
    plain.options.erase("definer");
    std::vector<std::string> queries = {create_view(plain, context_, false, name), "SHOW CREATE TABLE " + name};
    if (view_usage_) {
      queries.push_back("SELECT 0, table_schema, table_name FROM information_schema.view_table_usage WHERE view_schema = database() AND view_name = " + quote_text(scratch_) +
                        " UNION ALL SELECT 1, specific_schema, specific_name FROM information_schema.view_routine_usage WHERE table_schema = database() AND table_name = " +
                        quote_text(scratch_));
    }
    queries.push_back("DROP VIEW " + name);
    ask("view", view.name, view.declared, queries, "DROP VIEW IF EXISTS " + name, [&](const std::vector<Result>& results) {
      const auto stored = read_view(results[1].rows.at(0).at(1).value_or(""), context_);
      view.definition = stored.definition;
      view.columns = stored.columns;
      if (!view_usage_) return;
      auto& needs = dependencies.needs[{.kind = ObjectId::Kind::relation, .name = view.name, .part = {}}];
      for (const auto& row : results[2].rows) {
        const auto database = row.at(1).value_or("");
        needs.push_back({{.kind = row.at(0) == "1" ? ObjectId::Kind::routine : ObjectId::Kind::relation,
                          .name = {database == context_.database ? "" : database, row.at(2).value_or("")}, .part = {}}, {}});
      }
    });
  }

  template <class Take>
  void ask(std::string_view kind, const QualifiedName& name, const Declaration& declared, const std::vector<std::string>& queries, const std::string& clean,
           Take&& take) {
    std::vector<Result> results;
    try {
      results = connection_.query_all(queries);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      try {
        connection_.execute(clean);
      } catch (const DatabaseError&) {  // no right to drop: then nothing was made either
      }
      // 1054: a column that the migration is going to make
      if (!cannot_ask(error) && error.native_code != 1054) refuse(kind, name, declared, error);
      return;
    }
    take(results);
  }

  void routine(Routine& routine) const {
    for (const auto& other : live_.routines) {
      if (other.name == routine.name && other.kind == routine.kind && same_routine(routine, other, context_)) routine.definition = other.definition;
    }
  }

  /// The server writes the time of its creation into an event that names no start.
  void event(Definition& event) const {
    for (const auto& other : live_.definitions) {
      if (other.name != event.name || other.kind != event.kind) continue;
      const auto& rules = program_rules(event.options, context_);
      if (same_program(event.definition, other.definition, context_, rules)) event.definition = other.definition;
      const auto starts = other.definition.find(" STARTS '");
      if (starts == std::string::npos || event.definition.find(" STARTS ") != std::string::npos) continue;
      auto without = other.definition;
      without.erase(starts, without.find('\'', starts + 9) + 1 - starts);
      if (same_program(event.definition, without, context_, rules)) event.definition = other.definition;
    }
  }

  Connection& connection_;
  Context context_;
  const Schema& live_;
  bool view_usage_;
  bool needs_key_;
  std::string scratch_;
};

}  // namespace

Schema normalize_objects(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared, const Schema& live) {
  return SchemaNormalizer(connection, server, declared, live).run(objects);
}

}  // namespace migrate::mysql
