// The live schema: one round trip for the lists of what there is, then SHOW CREATE for each object, hundreds in one round
// trip. information_schema is only read where it costs nothing: on MariaDB its views of columns and keys open every table.

#include "dialect/mysql/catalog/inspect.hpp"
#include "dialect/mysql/catalog/access.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "core/text.hpp"
#include "dialect/mysql/canonical/create_table.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/canonical/provenance.hpp"
#include "dialect/mysql/canonical/sequence.hpp"
#include "dialect/mysql/run/shards.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

constexpr std::size_t batch_size = 500;

struct Listed {
  std::string kind;  ///< "table", "view", "sequence", "trigger", "function", "procedure", "event"
  std::string name;
};

std::string cell(const Row& row, std::size_t i) { return i < row.size() ? row[i].value_or("") : std::string(); }

std::string show_create(const Listed& object) {
  const auto what = object.kind == "view" ? "table" : object.kind;
  return "SHOW CREATE " + upper(what) + " " + backtick(object.name);
}

bool is_gone(const DatabaseError& error) {
  return error.native_code == 1146 || error.native_code == 1305 || error.native_code == 1360 || error.native_code == 1539 || error.native_code == 4091;
}

/// Reads each object, hundreds in one round trip; what was dropped since it was listed is left out.
template <class Read>
void show_each(Connection& connection, const std::vector<Listed>& objects, Read&& read) {
  for (std::size_t from = 0; from < objects.size(); from += batch_size) {
    std::vector<std::string> queries;
    const auto to = std::min(from + batch_size, objects.size());
    for (auto i = from; i < to; ++i) queries.push_back(show_create(objects[i]));
    std::vector<Result> results;
    try {
      results = connection.query_all(queries);
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
      // One of them cannot be shown: find out which, and whether that matters.
      for (const auto& query : queries) {
        try {
          results.push_back(connection.query(query));
        } catch (const DatabaseError& single) {
          if (!is_gone(single)) throw DatabaseError(single.cause, fmt::format("cannot read the schema: {} ({})", single.message(), query), single.sqlstate, single.native_code);
          results.emplace_back();
        }
      }
    }
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (!results[i].rows.empty()) read(objects[from + i], results[i].rows[0]);
    }
  }
}

class Inspector {
 public:
  Inspector(Connection& connection, const ServerInfo& server, const InspectOptions& options)
      : connection_(connection), server_(server), options_(options), context_(context_of(server)), view_usage_(server.capabilities.view_usage), reads_rights_(options.tables.empty() && server.defaults.contains("reads_rights")), account_(server.user) {}

  Schema run() {
    list();
    show_each(connection_, objects_, [this](const Listed& object, const Row& row) { read_object(object, row); });
    add_triggers();
    if (context_.mariadb) add_reference_systems();
    if (!rights_.empty()) take_object_rights(rights_, account_, schema_);
    return std::move(schema_);
  }

 private:
  bool wanted(const std::string& kind, const std::string& name) const {
    if (!options_.tables.empty()) {
      const bool named = std::any_of(options_.tables.begin(), options_.tables.end(), [&](const QualifiedName& table) { return table.name == name; });
      if (kind != "table" || !named) return false;
    }
    return !options_.filter || options_.filter(kind, {"", name});
  }

  void list() {
    std::vector<std::string> queries = {
        "SELECT default_character_set_name, default_collation_name FROM information_schema.schemata WHERE schema_name = database()",
        "SHOW FULL TABLES",
        R"(SELECT trigger_name, event_object_table, action_timing, event_manipulation
           FROM information_schema.triggers WHERE trigger_schema = database()
           ORDER BY event_object_table, action_timing, event_manipulation, action_order)",
        "SELECT lower(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1, 2",
        "SELECT event_name FROM information_schema.events WHERE event_schema = database() ORDER BY 1"};
    if (view_usage_) {
      queries.emplace_back("SELECT view_name, table_schema, table_name FROM information_schema.view_table_usage WHERE view_schema = database()");
      queries.emplace_back("SELECT table_name, specific_schema, specific_name FROM information_schema.view_routine_usage WHERE table_schema = database()");
    }
    auto results = with_rights(queries);
    if (!results[0].rows.empty()) {
      schema_.options["charset"] = cell(results[0].rows[0], 0);
      schema_.options["collation"] = cell(results[0].rows[0], 1);
      context_.collation = cell(results[0].rows[0], 1);
    }
    for (const auto& row : results[1].rows) {
      const auto type = cell(row, 1);
      add(type.ends_with("VIEW") ? "view" : type == "SEQUENCE" ? "sequence" : "table", cell(row, 0));
    }
    for (auto& row : results[2].rows) {
      const bool wanted_table = options_.tables.empty() ? !options_.filter || options_.filter("table", {"", cell(row, 1)}) : wanted("table", cell(row, 1));
      if (!wanted_table || (options_.filter && !options_.filter("trigger", {"", cell(row, 0)}))) continue;
      objects_.push_back({"trigger", cell(row, 0)});
      triggers_.push_back(std::move(row));
    }
    for (const auto& row : results[3].rows) {
      if (cell(row, 0) == "function" || cell(row, 0) == "procedure") add(cell(row, 0), cell(row, 1));
    }
    for (const auto& row : results[4].rows) add("event", cell(row, 0));
    if (view_usage_) {
      for (const auto& object : objects_) {
        if (object.kind == "view") schema_.dependencies.needs[{.kind = ObjectId::Kind::relation, .name = {"", object.name}, .part = {}}];
      }
      take_usage(results[5], ObjectId::Kind::relation);
      take_usage(results[6], ObjectId::Kind::routine);
    }
  }

  /// The answers, and in the same round trip who has privileges, where that may be read.
  std::vector<Result> with_rights(const std::vector<std::string>& queries) {
    if (!reads_rights_) return connection_.query_all(queries);
    auto all = queries;
    const auto more = object_rights_queries();
    all.insert(all.end(), more.begin(), more.end());
    try {
      auto results = connection_.query_all(all);
      const auto rights = results.begin() + static_cast<std::ptrdiff_t>(queries.size());
      rights_.assign(std::make_move_iterator(rights), std::make_move_iterator(results.end()));
      results.erase(rights, results.end());
      return results;
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::statement) throw;
      return connection_.query_all(queries);  // it has another privilege on them than to read
    }
  }

  /// Rows of a view, and the database and name of what it uses.
  void take_usage(const Result& usage, ObjectId::Kind kind) {
    for (const auto& row : usage.rows) {
      const auto view = schema_.dependencies.needs.find({.kind = ObjectId::Kind::relation, .name = {"", cell(row, 0)}, .part = {}});
      if (view == schema_.dependencies.needs.end()) continue;
      const auto database = cell(row, 1) == context_.database ? "" : cell(row, 1);
      view->second.push_back({{.kind = kind, .name = {database, cell(row, 2)}, .part = {}}, {}});
    }
  }

  void add(const std::string& kind, const std::string& name) {
    if (wanted(kind, name) && !is_of_vitess(server_, name)) objects_.push_back({kind, name});
  }

  void read_object(const Listed& object, const Row& row) {
    if (object.kind == "table") {
      schema_.tables.push_back(read_create_table(cell(row, 1), context_));
    } else if (object.kind == "view" && cell(row, 1).find(" JSON RELATIONAL DUALITY VIEW ") < cell(row, 1).find(" AS ")) {
      return;  // CatalogFace::left_alone tells of it
    } else if (object.kind == "view") {
      auto view = read_view(cell(row, 1), context_);
      finish(view.options, {.sql_mode = std::nullopt, .charset = cell(row, 2), .collation = cell(row, 3), .time_zone = {}}, view.definition);
      schema_.views.push_back(std::move(view));
    } else if (object.kind == "trigger") {
      TriggerShown shown;
      shown.options["sql_mode"] = cell(row, 1);
      shown.text = read_trigger(cell(row, 2), context_, shown.options);
      finish(shown.options, {.sql_mode = cell(row, 1), .charset = cell(row, 3), .collation = cell(row, 4), .time_zone = {}}, shown.text.body);
      shown_triggers_[object.name] = std::move(shown);
    } else if (object.kind == "sequence") {
      schema_.sequences.push_back(read_sequence(cell(row, 1), context_));
    } else if (object.kind == "event") {
      Definition event{.kind = "event", .name = {"", object.name}, .definition = cell(row, 3)};
      event.options["sql_mode"] = cell(row, 1);
      canonicalize_event(event, context_);
      finish(event.options, {.sql_mode = cell(row, 1), .charset = cell(row, 4), .collation = cell(row, 5), .time_zone = cell(row, 2)}, event.definition);
      schema_.definitions.push_back(std::move(event));
    } else {
      if (row.size() < 3 || !row[2]) {
        throw Error{ErrorKind::failed, fmt::format("cannot read the schema: the server does not show the body of {} {} to this user", object.kind, object.name),
                    fmt::format("GRANT SHOW CREATE ROUTINE (MariaDB 11, MySQL: SHOW_ROUTINE) or run as its definer, or ignore it in migrate.yaml")};
      }
      Routine routine{.name = {"", object.name}, .definition = *row[2]};
      routine.options["sql_mode"] = cell(row, 1);
      canonicalize_routine(routine, context_);
      finish(routine.options, {.sql_mode = cell(row, 1), .charset = cell(row, 3), .collation = cell(row, 4), .time_zone = {}}, routine.definition);
      schema_.routines.push_back(std::move(routine));
    }
  }

  void finish(Options& options, const Session& session, std::string_view text) const {
    tell_session(options, session, text, context_);
    if (const auto definer = option(options, "definer"); !definer.empty()) tell_provenance(options, "definer", definer, context_);
  }

  /// SHOW CREATE TABLE of MariaDB does not show REF_SYSTEM_ID. Asked only where there are such columns: the server opens every table for it.
  void add_reference_systems() {
    std::vector<std::string> tables;
    for (const auto& table : schema_.tables) {
      const bool any = std::any_of(table.columns.begin(), table.columns.end(), [&](const Column& column) { return is_spatial(read_type(column.type, context_)); });
      if (any) tables.push_back(quote_text(table.name.name));
    }
    if (tables.empty()) return;
    const auto found = connection_.query("SELECT g_table_name, g_geometry_column, srid FROM information_schema.geometry_columns WHERE g_table_schema = database() AND srid <> 0 AND g_table_name IN (" +
                                         join(tables, ", ") + ")");
    for (const auto& row : found.rows) {
      auto* table = find_named(schema_.tables, QualifiedName{"", cell(row, 0)});
      auto* column = table == nullptr ? nullptr : find_named(table->columns, cell(row, 1));
      if (column != nullptr) column->options["ref_system_id"] = cell(row, 2);
    }
  }

  void add_triggers() {
    std::string group;
    std::string previous;
    for (const auto& row : triggers_) {
      const auto name = cell(row, 0);
      auto* table = find_named(schema_.tables, QualifiedName{"", cell(row, 1)});
      const auto shown = shown_triggers_.find(name);
      if (table == nullptr || shown == shown_triggers_.end()) continue;  // dropped meanwhile
      TriggerText text{name, cell(row, 2), cell(row, 3), cell(row, 1), "", shown->second.text.body};
      const auto key = text.table + "\n" + text.timing + "\n" + text.event;
      if (key == group) text.order = "FOLLOWS " + quote_name(previous);
      group = key;
      previous = name;
      Trigger trigger{.name = name, .table = table->name, .definition = text.text()};
      trigger.options = std::move(shown->second.options);
      table->triggers.push_back(std::move(trigger));
    }
  }

  Connection& connection_;
  const ServerInfo& server_;
  const InspectOptions& options_;
  Context context_;
  Schema schema_;
  std::vector<Listed> objects_;
  /// The body as it was typed: what information_schema has of it is another text, without its escapes.
  struct TriggerShown {
    TriggerText text;
    Options options;
  };
  std::vector<Row> triggers_;
  std::map<std::string, TriggerShown> shown_triggers_;
  std::vector<Result> rights_;
  bool view_usage_;
  bool reads_rights_;
  std::string account_;
};

}  // namespace

std::vector<std::string> objects_left_alone(Connection& connection) {
  // Both are new in MySQL 9: an older server does not know these tables. Packages are MariaDB's.
  std::vector<std::string> lists;
  for (const auto& name : first_column(connection.query("SELECT table_name FROM information_schema.tables WHERE table_schema = 'information_schema' AND table_name IN ('JSON_DUALITY_VIEWS', 'LIBRARIES')"))) {
    if (name == "LIBRARIES") lists.emplace_back("SELECT concat('library ', library_name) FROM information_schema.libraries WHERE library_schema = database()");
    else lists.emplace_back("SELECT concat('JSON duality view ', table_name) FROM information_schema.json_duality_views WHERE table_schema = database()");
  }
  lists.emplace_back("SELECT concat(lower(routine_type), ' ', routine_name) FROM information_schema.routines WHERE routine_schema = database() AND routine_type LIKE 'PACKAGE%'");
  std::vector<std::string> found;
  for (const auto& result : connection.query_all(lists)) {
    for (auto& name : first_column(result)) found.push_back(std::move(name));
  }
  std::sort(found.begin(), found.end());
  return found;
}

namespace {

template <class T>
void name_difference(const std::vector<T>& first, const std::vector<T>& other, const char* kind, std::vector<std::string>& out) {
  for (const auto& object : first) {
    const auto* found = find_named(other, object.name);
    if (found == nullptr || !(*found == object)) out.push_back(std::string(kind) + " " + object.name.text());
  }
  for (const auto& object : other) {
    if (find_named(first, object.name) == nullptr) out.push_back(std::string(kind) + " " + object.name.text());
  }
}

/// Tables of shards differ in nothing but their rows.
void refuse_difference(const Schema& first, const Schema& other, const std::string& first_shard, const std::string& shard) {
  std::vector<std::string> names;
  name_difference(first.tables, other.tables, "table", names);
  name_difference(first.views, other.views, "view", names);
  if (names.empty()) return;
  throw Error{ErrorKind::failed, "the shards " + first_shard + " and " + shard + " differ: " + join(names, ", "),
              "a change may have ended on some shards only: bring the shards to one state (USE `KEYSPACE:SHARD` changes one alone), and run the same command again", {}};
}

}  // namespace

Schema inspect_database(Connection& connection, const ServerInfo& server, const InspectOptions& options) {
  const auto shards = shards_of(server);
  if (shards.empty()) return Inspector(connection, server, options).run();
  OnShards session(connection, server);
  std::optional<Schema> first;
  for (const auto& shard : shards) {
    session.enter(shard);
    auto schema = Inspector(connection, server, options).run();
    if (first) refuse_difference(*first, schema, shards.front(), shard);
    else first = std::move(schema);
  }
  return std::move(*first);
}

}  // namespace migrate::mysql
