#include "review/outcome.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/parsed.hpp"
#include "library/scratch.hpp"
#include "schema/lookup.hpp"

namespace migrate::review {
namespace {

using parsed::Verb;

/// What is done with a statement in a scratch database.
enum class Use {
  run,   ///< it changes the schema of its database, and nothing else
  skip,  ///< it does nothing to the schema
  doubt  ///< it may reach out of the database, or nobody knows
};

/// What CREATE, ALTER, DROP and COMMENT ON may name besides tables and what belongs to them.
bool is_inside(const std::vector<Token>& tokens) {
  static constexpr std::array<std::string_view, 17> objects{"SEQUENCE", "DOMAIN", "FUNCTION", "PROCEDURE", "AGGREGATE", "POLICY", "STATISTICS", "COLLATION", "EXTENSION", "VIEW", "MATERIALIZED", "TABLE", "COLUMN", "INDEX",
                                                           "TYPE", "CONSTRAINT", "TRIGGER"};
  for (std::size_t i = 1; i < tokens.size() && i < 12; ++i) {
    if (tokens[i].kind != TokenKind::word) continue;  // DEFINER = `a`@`b`
    if (std::any_of(objects.begin(), objects.end(), [&](std::string_view word) { return tokens[i].is(word); })) return true;
    static constexpr std::array<std::string_view, 6> before{"OR", "REPLACE", "ON", "DEFINER", "IF", "EXISTS"};
    if (std::none_of(before.begin(), before.end(), [&](std::string_view word) { return tokens[i].is(word); })) return false;
  }
  return false;
}

/// SET of something that only says how long to wait.
bool is_timeout(const std::vector<Token>& tokens) {
  return std::any_of(tokens.begin() + 1, tokens.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(tokens.size(), 4)), [](const Token& token) { return lower(token.text).ends_with("timeout"); });
}

Use use_of(const parsed::Statement& statement, const std::vector<Token>& tokens) {
  if (tokens.empty() || tokens[0].is("GRANT") || tokens[0].is("REVOKE")) return Use::skip;
  switch (statement.verb) {
    case Verb::create_table: case Verb::create_index: case Verb::create_view: case Verb::create_type: case Verb::create_trigger: case Verb::create_schema:
    case Verb::alter_table: case Verb::alter_type: case Verb::alter_index:
    case Verb::drop_table: case Verb::drop_index: case Verb::drop_view: case Verb::drop_type: case Verb::drop_trigger: case Verb::drop_schema:
    case Verb::rename_table: return Use::run;
    case Verb::create_other: case Verb::alter_other: case Verb::drop_other: case Verb::comment: return is_inside(tokens) ? Use::run : Use::doubt;
    case Verb::insert: case Verb::update: case Verb::remove: case Verb::truncate: case Verb::begin: case Verb::commit: case Verb::savepoint:
    case Verb::vacuum: case Verb::cluster: case Verb::reindex: case Verb::refresh: case Verb::analyze: case Verb::lock: case Verb::pragma: return Use::skip;
    case Verb::set: return is_timeout(tokens) ? Use::skip : Use::doubt;
    default: return Use::doubt;
  }
}

/// Reads statements, and follows the names that they give to tables and columns.
class Reader {
 public:
  Reader(Target& target, std::set<std::string> databases) : dialect_(target.session().dialect()), server_(target.session().server()), databases_(std::move(databases)) {}

  /// The statements to run. Throws Error (failed) for one that is not to be run here.
  std::vector<const Statement*> take(const std::vector<Statement>& statements, bool follow_names) {
    std::vector<const Statement*> out;
    for (const auto& statement : statements) {
      const auto tokens = tokens_of(statement, dialect_.sql().lexical_rules());
      const auto read = parsed::parse(statement.text, {&rules_of(statement, dialect_.sql().lexical_rules()), dialect_.lint().fold_case});
      auto use = use_of(read, tokens);
      if (use == Use::run && leaves(tokens)) use = Use::doubt;
      if (use == Use::doubt) {
        const auto line = statement.text.substr(0, statement.text.find('\n'));
        throw Error{ErrorKind::failed, "a statement may do more than change this database, and was not tried: " + (line.size() > 80 ? line.substr(0, 80) + "..." : line), "", statement.location};
      }
      if (follow_names) follow(read);
      if (use == Use::skip) continue;
      out.push_back(&statement);
    }
    return out;
  }

  /// The renames between two states, as answers to the comparison.
  [[nodiscard]] RenameAnswers answers(const Schema& before, const Schema& after) const {
    RenameAnswers out;
    for (const auto& table : after.tables) {
      const auto name = key(table.name);
      const auto it = tables_.find(name);
      const auto& old_name = it == tables_.end() ? name : it->second;
      const auto* old = find(before, old_name);
      if (old == nullptr || (old_name != name && (find(before, name) != nullptr || find(after, old_name) != nullptr))) continue;
      if (old_name != name) out.renames[old->name.text()] = table.name.text();
      for (const auto& column : table.columns) {
        const auto part = columns_.find({name, lower(column.name)});
        if (part == columns_.end() || find_named(old->columns, part->second) == nullptr || find_named(table.columns, part->second) != nullptr || find_named(old->columns, column.name) != nullptr) continue;
        out.renames[table.name.text() + "." + part->second] = column.name;
      }
    }
    return out;
  }

 private:
  /// Where a name in front of a dot is a database, it may be another one.
  [[nodiscard]] bool leaves(const std::vector<Token>& tokens) const {
    if (databases_.empty()) return false;
    for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
      if (tokens[i].is_name() && tokens[i + 1].is_symbol(".") && databases_.contains(lower(unquote_name(tokens[i].text)))) return true;
    }
    return false;
  }

  [[nodiscard]] std::string key(const QualifiedName& name) const { return lint::key_of(name, server_).text(); }

  [[nodiscard]] const Table* find(const Schema& schema, const std::string& name) const {
    const auto it = std::find_if(schema.tables.begin(), schema.tables.end(), [&](const Table& table) { return key(table.name) == name; });
    return it == schema.tables.end() ? nullptr : &*it;
  }

  void rename_table(const std::string& before, const std::string& after) {
    if (before == after) return;
    const auto it = tables_.find(before);
    tables_[after] = it == tables_.end() ? before : it->second;
    tables_.erase(before);
    std::map<std::pair<std::string, std::string>, std::string> columns;
    for (const auto& [place, old] : columns_) {
      if (place.first != after) columns[{place.first == before ? after : place.first, place.second}] = old;
    }
    columns_ = std::move(columns);
  }

  void rename_column(const QualifiedName& table, const std::string& from, const std::string& to) {
    if (equal_ignoring_case(from, to)) return;
    const std::pair before{key(table), lower(from)};
    const auto it = columns_.find(before);
    const auto old = it == columns_.end() ? from : it->second;
    columns_.erase(before);
    columns_[{before.first, lower(to)}] = old;
  }

  void follow(const parsed::Statement& statement) {
    using Kind = parsed::Action::Kind;
    if (statement.verb == Verb::rename_table) {
      for (std::size_t i = 0; i + 1 < statement.names.size(); i += 2) rename_table(key(statement.names[i]), key(statement.names[i + 1]));
    }
    // A table that takes another's rows, and outlives it, is that table, built anew.
    if (statement.verb == Verb::insert && statement.reads) copies_[key(statement.name)] = key(statement.source);
    if (statement.verb == Verb::drop_table) {
      for (const auto& name : statement.names) {
        const auto copy = std::find_if(copies_.begin(), copies_.end(), [&](const auto& pair) { return pair.second == key(name); });
        if (copy != copies_.end()) rename_table(key(name), copy->first);
      }
    }
    if (statement.verb != Verb::alter_table) return;
    for (const auto& action : statement.actions) {
      if (action.kind == Kind::rename_column) rename_column(statement.name, action.name, action.to);
      if (action.kind == Kind::change_column && !action.column.name.empty()) rename_column(statement.name, action.name, action.column.name);
    }
    for (const auto& action : statement.actions) {
      if (action.kind != Kind::rename_table) continue;
      auto to = action.other;
      if (to.schema.empty()) to.schema = statement.name.schema;
      rename_table(key(statement.name), key(to));
    }
  }

  const Dialect& dialect_;
  const ServerInfo& server_;
  std::set<std::string> databases_;  ///< that a name may mean; empty where it cannot
  std::map<std::string, std::string> tables_;  ///< by the name behind the statements, the one in front of them
  std::map<std::pair<std::string, std::string>, std::string> columns_;
  std::map<std::string, std::string> copies_;  ///< by table, the one whose rows it took
};

std::set<std::string> databases_of(Target& target) {
  std::set<std::string> names;
  const auto& server = target.session().server();
  if (server.capabilities.schemas || server.capabilities.single_writer) return names;  // a name in front of a dot is a schema there, or nothing else is at hand
  for (const auto& name : target.session().dialect().run().database_names(target.session().connection())) names.insert(lower(name));
  names.insert(lower(target.url().database));
  return names;
}

Outcome run_and_compare(Target& target, const Schema& base, const std::vector<Statement>& first, const std::vector<Statement>& shown) {
  auto& live = target.session();
  const auto& dialect = live.dialect();
  Reader reader(target, databases_of(target));
  const auto before = reader.take(first, false);
  const auto behind = reader.take(shown, true);
  const auto place = make_scratch(live, target.schemas(), base.options, scratch_url(target.project().config()), "look at what the units make");
  auto& connection = place->session().connection();
  const auto run = [&](const std::vector<const Statement*>& statements) {
    for (const auto* statement : statements) {
      try {
        connection.execute(statement->text);
      } catch (const DatabaseError& error) {
        throw Error{ErrorKind::failed, "on an empty copy the server refuses it: " + error.message(), error.hint, statement->location};
      }
    }
    auto schema = inspect_scratch(*place, target.schemas());
    filter_schema(schema, target.filter());
    return schema;
  };
  auto start = compare_inspected(dialect, live.server(), Schema{.options = base.options}, base);
  for (const auto& statement : render_statements(start, dialect)) connection.execute(statement.text);
  auto from = run(before);
  auto to = run(behind);
  const RenameOptions said{.policy = RenamePolicy::never, .answers = reader.answers(from, to)};
  try {
    return {compare_inspected(dialect, live.server(), from, to, said), "", {}};
  } catch (const Error&) {  // a rename that the comparison does not know: both sides show without it
    return {compare_inspected(dialect, live.server(), from, to, {.policy = RenamePolicy::never}), "", {}};
  }
}

}  // namespace

Outcome find_outcome(Target& target, const Schema& base, const std::vector<Statement>& first, const std::vector<Statement>& shown) {
  try {
    return run_and_compare(target, base, first, shown);
  } catch (const Error& error) {
    return {{}, error.message(), error.location};
  }
}

}  // namespace migrate::review
