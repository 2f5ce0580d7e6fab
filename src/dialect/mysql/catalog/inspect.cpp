// The live schema: one round trip for the lists of what there is, then SHOW CREATE for each object, hundreds in one round
// trip. information_schema is only read where it costs nothing: on MariaDB its views of columns and keys open every table.

#include "dialect/mysql/catalog/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/canonical/create_table.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

constexpr std::size_t batch_size = 500;

struct Listed {
  std::string kind;  ///< "table", "view", "sequence", "function", "procedure", "event"
  std::string name;
};

std::string cell(const Row& row, std::size_t i) { return i < row.size() ? row[i].value_or("") : std::string(); }

std::string show_create(const Listed& object) {
  const auto what = object.kind == "view" ? "table" : object.kind;
  return "SHOW CREATE " + upper(what) + " " + backtick(object.name);
}

bool is_gone(const DatabaseError& error) {
  return error.native_code == 1146 || error.native_code == 1305 || error.native_code == 1539 || error.native_code == 4091;
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
      : connection_(connection), options_(options), context_(context_of(server)), view_usage_(server.capabilities.view_usage) {}

  Schema run() {
    list();
    show_each(connection_, objects_, [this](const Listed& object, const Row& row) { read_object(object, row); });
    add_triggers();
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
        R"(SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement
           FROM information_schema.triggers WHERE trigger_schema = database()
           ORDER BY event_object_table, action_timing, event_manipulation, action_order)",
        "SELECT lower(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = database() ORDER BY 1, 2",
        "SELECT event_name FROM information_schema.events WHERE event_schema = database() ORDER BY 1"};
    if (view_usage_) {
      queries.emplace_back("SELECT view_name, table_schema, table_name FROM information_schema.view_table_usage WHERE view_schema = database()");
      queries.emplace_back("SELECT table_name, specific_schema, specific_name FROM information_schema.view_routine_usage WHERE table_schema = database()");
    }
    auto results = connection_.query_all(queries);
    if (!results[0].rows.empty()) {
      schema_.options["charset"] = cell(results[0].rows[0], 0);
      schema_.options["collation"] = cell(results[0].rows[0], 1);
      context_.collation = cell(results[0].rows[0], 1);
    }
    for (const auto& row : results[1].rows) {
      const auto type = cell(row, 1);
      add(type.ends_with("VIEW") ? "view" : type == "SEQUENCE" ? "sequence" : "table", cell(row, 0));
    }
    triggers_ = std::move(results[2].rows);
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
    if (wanted(kind, name)) objects_.push_back({kind, name});
  }

  void read_object(const Listed& object, const Row& row) {
    if (object.kind == "table") {
      schema_.tables.push_back(read_create_table(cell(row, 1), context_));
    } else if (object.kind == "view") {
      schema_.views.push_back(read_view(cell(row, 1), context_));
    } else if (object.kind == "sequence") {
      schema_.sequences.push_back(read_sequence(cell(row, 1), context_));
    } else if (object.kind == "event") {
      Definition event{.kind = "event", .name = {"", object.name}, .definition = cell(row, 3)};
      canonicalize_event(event, context_);
      schema_.definitions.push_back(std::move(event));
    } else {
      if (row.size() < 3 || !row[2]) {
        throw Error{ErrorKind::failed, fmt::format("cannot read the schema: the server does not show the body of {} {} to this user", object.kind, object.name),
                    fmt::format("GRANT SHOW CREATE ROUTINE (MariaDB 11, MySQL: SHOW_ROUTINE) or run as its definer, or ignore it in migrate.yaml")};
      }
      Routine routine{.name = {"", object.name}, .definition = *row[2]};
      canonicalize_routine(routine, context_);
      schema_.routines.push_back(std::move(routine));
    }
  }

  void add_triggers() {
    std::string group;
    std::string previous;
    for (const auto& row : triggers_) {
      const auto name = cell(row, 0);
      auto* table = find_named(schema_.tables, QualifiedName{"", cell(row, 1)});
      if (table == nullptr) continue;
      if (options_.filter && !options_.filter("trigger", {"", name})) continue;
      TriggerText text{name, cell(row, 2), cell(row, 3), cell(row, 1), "", {}};
      const auto key = text.table + "\n" + text.timing + "\n" + text.event;
      if (key == group) text.order = "FOLLOWS " + quote_name(previous);
      group = key;
      previous = name;
      text.body = read_trigger("CREATE TRIGGER x BEFORE INSERT ON x FOR EACH ROW " + cell(row, 4), context_).body;
      table->triggers.push_back({.name = name, .table = table->name, .definition = text.text()});
    }
  }

  Connection& connection_;
  const InspectOptions& options_;
  Context context_;
  Schema schema_;
  std::vector<Listed> objects_;
  std::vector<Row> triggers_;
  bool view_usage_;
};

}  // namespace

Schema inspect_database(Connection& connection, const ServerInfo& server, const InspectOptions& options) {
  return Inspector(connection, server, options).run();
}

}  // namespace migrate::mysql
