// What the catalog says about all that a DDL statement names: one round trip for what is there, one for the tables'
// definitions.

#include "dialect/mysql/run/fingerprint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/mysql/run/shards.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// The names in a statement. Every identifier counts: one too many costs a row, one too few a wrong answer.
struct Named {
  std::string database;  ///< "" for the current one
  std::string name;
  auto operator<=>(const Named&) const = default;
};

struct Targets {
  std::set<Named> tables;      ///< tables, views, sequences
  std::set<Named> programs;    ///< triggers, routines, events
  std::set<std::string> databases;
  bool grants = false;
  bool known = false;
};

class Reader {
 public:
  explicit Reader(const Statement& statement) : tokens_(tokens_of(statement, lexical_rules())) {}

  Targets read() {
    const auto verb = next_word();
    if (verb == "CREATE" || verb == "ALTER" || verb == "DROP") object();
    else if (verb == "RENAME") accept("USER") ? user() : (accept("TABLE"), accept("TABLES"), all_names(targets_.tables));
    else if (verb == "GRANT" || verb == "REVOKE") user();
    // TRUNCATE leaves the table as it is, but for its creation time, which is not read: its effect is in the rows.
    return targets_;
  }

 private:
  [[nodiscard]] const Token* peek() const { return at_ < tokens_.size() ? &tokens_[at_] : nullptr; }
  bool accept(std::string_view word) {
    if (peek() == nullptr || !peek()->is(word)) return false;
    ++at_;
    return true;
  }
  std::string next_word() { return peek() == nullptr ? std::string() : upper(tokens_[at_++].text); }
  [[nodiscard]] bool name_here() const { return peek() != nullptr && (peek()->kind == TokenKind::word || peek()->kind == TokenKind::quoted_name); }

  Named name() {
    Named result{"", unquote_name(tokens_[at_++].text)};
    if (peek() != nullptr && peek()->is_symbol(".")) {
      ++at_;
      if (name_here()) result = {result.name, unquote_name(tokens_[at_++].text)};
    }
    return result;
  }

  void skip_conditions() {
    while (accept("IF") || accept("NOT") || accept("EXISTS") || accept("WAIT") || accept("NOWAIT") || accept("ONLINE") || accept("OFFLINE")) {
    }
  }

  void user() {
    targets_.grants = targets_.known = true;
  }

  /// Every name that could be a table's: for statements that list several.
  void all_names(std::set<Named>& names) {
    skip_conditions();
    while (peek() != nullptr) {
      if (name_here()) names.insert(name());
      else ++at_;
    }
    targets_.known = true;
  }

  void object() {
    // Words in front of the kind of object: OR REPLACE, DEFINER = x, ALGORITHM = x, SQL SECURITY x, UNIQUE, ...
    for (int i = 0; i < 24 && peek() != nullptr; ++i) {
      const auto word = next_word();
      if (word == "TEMPORARY") return;
      if (word == "TABLE" || word == "TABLES" || word == "VIEW" || word == "SEQUENCE") return table(word);
      if (word == "INDEX") return index();
      if (word == "TRIGGER" || word == "PROCEDURE" || word == "FUNCTION" || word == "EVENT") return program(word);
      if (word == "DATABASE" || word == "SCHEMA") return database();
      if (word == "USER" || word == "ROLE") return user();
    }
  }

  void table(const std::string& kind) {
    skip_conditions();
    // DROP names several; ALTER TABLE a RENAME TO b names another; a foreign key's target is harmless.
    const auto first = at_;
    if (name_here()) targets_.tables.insert(name());
    targets_.known = true;
    for (auto i = at_; i < tokens_.size(); ++i) {
      const bool comma_list = kind != "TABLE" || tokens_[0].is("DROP");
      const bool target = tokens_[i].is("TO") || tokens_[i].is("RENAME") || tokens_[i].is("AS") || (comma_list && tokens_[i].is_symbol(","));
      if (!target) continue;
      const auto keep = at_;
      at_ = i + 1;
      skip_conditions();
      if (name_here()) targets_.tables.insert(name());
      at_ = keep;
    }
    static_cast<void>(first);
  }

  void index() {
    for (; peek() != nullptr; ++at_) {
      if (!peek()->is("ON")) continue;
      ++at_;
      if (name_here()) targets_.tables.insert(name());
      targets_.known = true;
      return;
    }
  }

  void program(const std::string& kind) {
    skip_conditions();
    if (!name_here()) return;
    targets_.programs.insert(name());
    targets_.known = true;
    if (kind != "EVENT") return;
    for (; peek() != nullptr; ++at_) {
      if (!peek()->is("TO")) continue;
      ++at_;
      if (name_here()) targets_.programs.insert(name());
      return;
    }
  }

  void database() {
    skip_conditions();
    targets_.databases.insert(name_here() && !peek()->is("CHARACTER") && !peek()->is("DEFAULT") && !peek()->is("COLLATE") && !peek()->is("COMMENT")
                                  ? unquote_name(peek()->text)
                                  : std::string());
    targets_.known = true;
  }

  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  Targets targets_;
};

std::string database_sql(const std::string& name) { return name.empty() ? "database()" : quote_text(name); }

std::string condition(const std::set<Named>& names, const char* schema, const char* name) {
  std::vector<std::string> parts;
  for (const auto& item : names) parts.push_back(fmt::format("({} = {} AND {} = {})", schema, database_sql(item.database), name, quote_text(item.name)));
  return join(parts, " OR ");
}

void program_queries(const std::set<Named>& names, std::vector<std::string>& queries) {
  if (names.empty()) return;
  // What there is; the text is asked of SHOW CREATE: here it stands without its escapes.
  queries.push_back("SELECT 'trigger', trigger_schema, trigger_name, event_object_table, action_timing, event_manipulation, action_order FROM information_schema.triggers WHERE " +
                    condition(names, "trigger_schema", "trigger_name") + " ORDER BY 2, 3");
  queries.push_back("SELECT lower(routine_type), routine_schema, routine_name, security_type, sql_data_access, routine_comment, created, last_altered FROM information_schema.routines WHERE " +
                    condition(names, "routine_schema", "routine_name") + " ORDER BY 2, 1, 3");
  queries.push_back("SELECT * FROM information_schema.parameters WHERE " + condition(names, "specific_schema", "specific_name") + " ORDER BY specific_schema, specific_name, ordinal_position");
  queries.push_back(
      "SELECT 'event', event_schema, event_name, event_type, execute_at, interval_value, interval_field, starts, ends, on_completion, created, last_altered, event_comment "
      "FROM information_schema.events WHERE " + condition(names, "event_schema", "event_name") + " ORDER BY 2, 3");
}

/// The server's own definition without the counter, which rows move; unless the statement is about the counter.
std::string definition_text(const Result& shown, bool counter) {
  if (shown.rows.empty() || shown.rows[0].size() < 2) return {};
  auto text = shown.rows[0][1].value_or("");
  const auto options = text.rfind("\n)");
  const auto at = options == std::string::npos ? options : text.find(" AUTO_INCREMENT=", options);
  if (counter || at == std::string::npos) return text;
  return text.erase(at, text.find_first_of(" \n", at + 1) - at);
}

/// SHOW CREATE for each program in the results: the rows begin with its kind, its schema and its name.
void show_programs(const Result& found, std::vector<std::string>& queries) {
  for (const auto& row : found.rows) {
    const auto kind = row.size() < 5 ? std::string() : upper(row[0].value_or(""));
    const bool shown = kind == "TRIGGER" || kind == "EVENT" || kind == "FUNCTION" || kind == "PROCEDURE" || kind == "PACKAGE" || kind == "PACKAGE BODY";
    if (shown) queries.push_back("SHOW CREATE " + kind + " " + backtick(row[1].value_or("")) + "." + backtick(row[2].value_or("")));
  }
}

void append(std::string& text, const Result& result) {
  for (const auto& row : result.rows) {
    for (const auto& value : row) text += value ? std::to_string(value->size()) + ":" + *value : "-";
    text += '\n';
  }
  text += ";\n";
}

}  // namespace

namespace {

/// What the catalog says where the session is. vtgate gives databases names of its own, and takes none of them: names stay as the statement
/// has them.
std::string describe(Connection& connection, const Statement& statement, const Targets& targets, bool vitess) {
  std::vector<std::string> queries;
  if (!targets.tables.empty()) {
    queries.push_back("SELECT table_schema, table_name, table_type FROM information_schema.tables WHERE " +
                      condition(targets.tables, "table_schema", "table_name") + " ORDER BY 1, 2");
  }
  program_queries(targets.programs, queries);
  for (const auto& database : targets.databases) {
    queries.push_back("SELECT * FROM information_schema.schemata WHERE schema_name = " + database_sql(database));
  }
  if (targets.grants) {
    for (const auto& [table, order] : {std::pair{"user_privileges", "1, 3"}, std::pair{"schema_privileges", "1, 3, 4"}, std::pair{"table_privileges", "1, 3, 4, 5"},
                                       std::pair{"column_privileges", "1, 3, 4, 5, 6"}}) {
      queries.push_back(fmt::format("SELECT * FROM information_schema.{} ORDER BY {}", table, order));
    }
  }
  std::string text;
  auto results = connection.query_all(queries);
  std::vector<std::string> programs;
  std::vector<std::string> shows;
  const auto shown_name = [&](const Row& row) {
    const auto name = row.at(1).value_or("");
    if (!vitess) return backtick(row.at(0).value_or("")) + "." + backtick(name);
    const auto target = std::find_if(targets.tables.begin(), targets.tables.end(), [&](const Named& one) { return one.name == name; });
    return (target == targets.tables.end() || target->database.empty() ? "" : backtick(target->database) + ".") + backtick(name);
  };
  if (!targets.tables.empty()) {
    // Only what is there can be shown: an unknown table would be an error.
    for (const auto& row : results[0].rows) shows.push_back("SHOW CREATE TABLE " + shown_name(row));
    if (vitess) {
      for (auto& row : results[0].rows) row[0].reset();
    }
  }
  for (const auto& result : results) {
    append(text, result);
    if (!targets.programs.empty()) show_programs(result, programs);
  }
  for (const auto& shown : connection.query_all(programs)) append(text, shown);
  const bool counter = mentions(statement.text, "AUTO_INCREMENT", lexical_rules());
  for (const auto& shown : connection.query_all(shows)) text += definition_text(shown, counter) + ";\n";
  return text;
}

/// The same on every shard; where they differ nothing can be said of the statement.
std::string describe_shards(Connection& connection, const ServerInfo& server, const Statement& statement, const Targets& targets, const std::vector<std::string>& shards) {
  std::optional<std::string> first;
  std::string differing;
  OnShards session(connection, server);
  for (const auto& shard : shards) {
    session.enter(shard);
    auto text = describe(connection, statement, targets, true);
    if (first && *first != text) differing = shard;
    if (!first) first = std::move(text);
  }
  if (!differing.empty()) {
    throw Error{ErrorKind::failed, "the shards " + shards.front() + " and " + differing + " differ in what the statement is about",
                "it ended on some shards only: carry it out on the others, or undo it (USE `KEYSPACE:SHARD` changes one alone), and run the same command again", statement.location};
  }
  return first.value_or("");
}

}  // namespace

Fingerprint take_fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement) {
  if (classify_statement(statement.text, rules_of(statement, lexical_rules())) != StatementClass::definition) return {};
  const auto targets = Reader(statement).read();
  if (!targets.known) return {};
  const auto shards = shards_of(server);
  const auto text = shards.empty() ? describe(connection, statement, targets, server.defaults.contains("vitess"))
                                   : describe_shards(connection, server, statement, targets, shards);
  return {true, sha256(text)};
}

}  // namespace migrate::mysql
