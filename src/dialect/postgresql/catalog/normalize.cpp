/// How would the server store it? The declared objects are made in scratch schemas inside a transaction that is rolled
/// back, and inspected there. No live table is touched: foreign keys are left out, tables are copies without rows.
#include "dialect/postgresql/catalog/normalize.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/routines.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

struct Step {
  std::string sql;
  std::string what;        ///< "table users", for the message
  Location location;
  bool needed = true;      ///< false: something that others may refer to; its failure alone is none
  const Table* table = nullptr;
};

/// Real schema -> scratch schema, and the names that were made in each.
class Places {
 public:
  Places(const Schema& declared, const std::string& default_schema) : default_(default_schema) {
    const auto mark = "migrate_scratch_" + random_hex(4);
    scratch_[""] = mark;
    int number = 0;
    for (const auto& name : declared.schemas) scratch_[name] = mark + "_" + std::to_string(++number);
  }

  void made(const QualifiedName& name) { made_.insert(name); }

  [[nodiscard]] const std::map<std::string, std::string>& schemas() const { return scratch_; }
  [[nodiscard]] const std::string& first() const { return scratch_.at(""); }

  /// Text of the model for the scratch place: what was made there is named there, the default schema goes without name.
  [[nodiscard]] std::string to_scratch(const std::string& sql) const {
    auto text = replace_qualifier(sql, default_, "");
    for (const auto& [real, scratch] : scratch_) {
      if (real.empty() || text.find(real) == std::string::npos) continue;
      for (const auto& name : made_) {
        if (name.schema == real) text = replace_qualified(text, name, scratch);
      }
    }
    return text;
  }

  /// Text that the server printed, as it would print it about the real place.
  [[nodiscard]] std::string to_real(const std::string& sql) const {
    auto text = replace_qualifier(replace_qualifier(sql, first(), ""), default_, "");
    for (const auto& [real, scratch] : scratch_) {
      if (!real.empty()) text = replace_qualifier(text, scratch, quote_name(real) + ".");
    }
    return text;
  }

  [[nodiscard]] QualifiedName to_real(QualifiedName name) const {
    if (name.schema.empty()) return name;
    for (const auto& [real, scratch] : scratch_) {
      if (scratch == name.schema) name.schema = real;
    }
    return name;
  }

  [[nodiscard]] std::string type_to_real(const std::string& type) const {
    for (const auto& [real, scratch] : scratch_) {
      if (!real.empty() && type.starts_with(scratch + ".")) return real + type.substr(scratch.size());
    }
    return type.starts_with(default_ + ".") ? type.substr(default_.size() + 1) : type;
  }

 private:
  static std::string replace_qualified(const std::string& sql, const QualifiedName& name, const std::string& scratch) {
    const auto tokens = tokenize(sql, lexical_rules());
    const auto text_of = [](const Token& token) { return token.kind == TokenKind::word ? lower(token.text) : unquote_name(token.text); };
    std::string result;
    std::size_t copied = 0;
    for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
      if (!tokens[i].is_name() || !tokens[i + 1].is_symbol(".") || !tokens[i + 2].is_name()) continue;
      if (i > 0 && tokens[i - 1].is_symbol(".")) continue;
      if (text_of(tokens[i]) != name.schema || text_of(tokens[i + 2]) != name.name) continue;
      result += sql.substr(copied, tokens[i].offset - copied) + quote_name(scratch);
      copied = tokens[i].offset + tokens[i].text.size();
    }
    return result + sql.substr(copied);
  }

  std::string default_;
  std::map<std::string, std::string> scratch_;
  std::set<QualifiedName> made_;
};

class Normalizer {
 public:
  Normalizer(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared, const Schema& live)
      : connection_(connection), server_(server), objects_(objects), declared_(declared), live_(live),
        default_(server.default_schema.empty() ? "public" : server.default_schema), places_(declared, default_) {}

  Schema run();

 private:
  void collect();
  void collect_types();
  void collect_table(const Table& table, bool needed);
  void add(std::string sql, std::string what, const Location& location, bool needed, const Table* table = nullptr) {
    steps_.push_back({std::move(sql), std::move(what), location, needed, table});
  }
  void make();
  void make_one_by_one();
  [[noreturn]] void refuse(const Step& step, const DatabaseError& error) const;

  void adopt(Schema& result, const Schema& scratch) const;
  void adopt(Table& table, const Table& scratch) const;
  void adopt(std::vector<Index>& indexes, const std::vector<Index>& scratch) const;
  void adopt(Column& column, const Column& scratch, const Column* live) const;
  void adopt(Index& index, const Index& scratch) const;
  void adopt(std::vector<Trigger>& triggers, const std::vector<Trigger>& scratch) const;
  [[nodiscard]] std::optional<Default> real(std::optional<Default> value) const;

  Connection& connection_;
  const ServerInfo& server_;
  const Schema& objects_;
  const Schema& declared_;
  const Schema& live_;
  std::string default_;
  Places places_;
  std::vector<Step> steps_;
  std::set<std::string> changed_types_;
  bool groups_ = false;  ///< some query groups rows
};

// ---- what has to be made -----------------------------------------------------------------------------------------

/// What a rename brings is equal to the declared thing and no question, but the database does not have it yet.
template <class T>
bool comes_by_rename(const std::vector<T>& live, const std::vector<T>& asked, const T& object) {
  const auto* now = find_named(live, object.name);
  if (find_named(asked, object.name) != nullptr) return false;
  if constexpr (std::is_same_v<T, Table>) {
    return now == nullptr || std::any_of(object.columns.begin(), object.columns.end(), [&](const Column& column) {
             return find_named(now->columns, column.name) == nullptr;
           });
  }
  return now == nullptr;
}

void Normalizer::collect_types() {
  for (const auto& extension : declared_.extensions) {
    if (find_named(live_.extensions, extension.name) == nullptr) {
      add("CREATE EXTENSION IF NOT EXISTS " + quote_name(extension.name) + " SCHEMA " + quote_name(extension.schema.empty() ? default_ : extension.schema),
          "extension " + extension.name, extension.declared.location, false);
    }
  }
  for (const auto& type : declared_.enums) {
    const auto* same = find_named(live_.enums, type.name);
    if (same != nullptr && same->values == type.values) continue;
    places_.made(type.name);
    changed_types_.insert(type.name.text());
    add(enum_sql(type), "enum " + type.name.text(), type.declared.location, false);
  }
  for (const auto& definition : objects_.definitions) {
    if (definition.kind != "type") continue;
    places_.made(definition.name);
    changed_types_.insert(definition.name.text());
    add(definition.definition, definition.kind + " " + definition.name.text(), definition.declared.location, true);
  }
  for (const auto& domain : declared_.domains) {
    const bool asked = find_named(objects_.domains, domain.name) != nullptr;
    if (!asked && changed_types_.count(element_type(domain.type)) == 0 && !comes_by_rename(live_.domains, objects_.domains, domain)) continue;
    places_.made(domain.name);
    changed_types_.insert(domain.name.text());
    add(domain_sql(domain), "domain " + domain.name.text(), domain.declared.location, asked);
    for (const auto& check : domain.checks) {
      if (check.not_valid) add("ALTER DOMAIN " + quote_name(domain.name) + " ADD " + constraint_sql(check), "domain " + domain.name.text(), check.declared.location, asked);
    }
  }
}

void Normalizer::collect_table(const Table& table, bool needed) {
  places_.made(table.name);
  auto copy = table;
  for (const auto* elsewhere : {"inherits", "tablespace", "access_method", "partition_of", "partition_bound", "replica_identity", "row_security",
                                "force_row_security", "unlogged"}) {
    copy.options.erase(elsewhere);
  }
  const auto name = quote_name(table.name);
  const auto what = "table " + table.name.text();
  std::vector<std::string> lines;
  for (auto column : copy.columns) {
    // Numbering needs no question, and a sequence for each would cost.
    if (column.identity) column.identity.reset();
    lines.push_back(column_sql(column));
  }
  // A query that groups by a key may show all columns of its table.
  if (groups_ && table.primary_key) {
    std::vector<std::string> parts;
    for (const auto& part : table.primary_key->parts) parts.push_back(quote_name(part.column));
    lines.push_back("PRIMARY KEY (" + join(parts, ", ") + ")");
  }
  std::string sql = "CREATE TABLE " + name + (lines.empty() ? " ()" : " (\n" + join(lines, ",\n") + "\n)");
  if (const auto partition = option(copy.options, "partition_by"); !partition.empty()) sql += " PARTITION BY " + partition;
  add(sql, what, table.declared.location, needed, &table);
  if (!needed) return;
  const auto place = [&](const Declaration& part) { return part.location.known() ? part.location : table.declared.location; };
  for (const auto& check : copy.checks) {
    auto bare = check;
    bare.not_valid = false;  // there are no rows
    add("ALTER TABLE " + name + " ADD " + constraint_sql(bare), "check " + check.name + " of " + what, place(check.declared), true);
  }
  for (const auto& unique : copy.uniques) {
    auto bare = unique;
    bare.options.erase("tablespace");
    add("ALTER TABLE " + name + " ADD " + constraint_sql(bare), "unique " + unique.name + " of " + what, place(unique.declared), true);
  }
  for (const auto& exclusion : copy.exclusions) {
    add("ALTER TABLE " + name + " ADD " + constraint_sql(exclusion), "exclusion " + exclusion.name + " of " + what, place(exclusion.declared), true);
  }
  for (const auto& index : copy.indexes) {
    auto bare = index;
    bare.options.erase("tablespace");
    add(index_sql(bare, table.name), "index " + index.name + " of " + what, place(index.declared), true);
  }
}

void Normalizer::collect() {
  const auto groups = [](const auto& object) { return mentions(object.definition, "group"); };
  groups_ = std::any_of(objects_.views.begin(), objects_.views.end(), groups) || std::any_of(objects_.routines.begin(), objects_.routines.end(), groups);
  collect_types();
  for (const auto& sequence : declared_.sequences) {
    if (find_named(live_.sequences, sequence.name) != nullptr) continue;
    places_.made(sequence.name);
    add(sequence_sql(sequence), "sequence " + sequence.name.text(), sequence.declared.location, false);
  }
  const auto over_tables = [&](const Routine& routine) {
    const auto signature = routine_signature(routine.definition);
    return std::any_of(objects_.tables.begin(), objects_.tables.end(), [&](const Table& table) { return mentions(signature, table.name.name); });
  };
  const auto add_routine = [&](const Routine& routine, bool asked) {
    places_.made(routine.name);
    add(routine.definition, (routine.kind == Routine::Kind::procedure ? "procedure " : "function ") + routine.name.text(),
        routine.declared.location, asked);
  };
  std::vector<std::pair<const Routine*, bool>> later;
  for (const auto& routine : declared_.routines) {
    // One that takes or returns what is made here is made here too, for those that call it.
    const bool asked = std::any_of(objects_.routines.begin(), objects_.routines.end(), [&](const Routine& other) {
      return other.name == routine.name && other.kind == routine.kind && other.arguments == routine.arguments;
    });
    const auto signature = routine_signature(routine.definition);
    const bool over_types = std::any_of(changed_types_.begin(), changed_types_.end(),
                                        [&](const std::string& type) { return mentions(signature, parse_name(type).name); });
    if (asked) continue;
    if (over_tables(routine)) later.emplace_back(&routine, false);
    else if (over_types) add_routine(routine, false);
  }
  for (const auto& routine : objects_.routines) {
    if (over_tables(routine)) later.emplace_back(&routine, true);
    else add_routine(routine, true);
  }
  for (const auto& table : declared_.tables) {
    if (table.options.count("partition_of") != 0) continue;  // nothing of its own to ask about
    const auto* asked = find_named(objects_.tables, table.name);
    const bool uses_changed = std::any_of(table.columns.begin(), table.columns.end(),
                                          [&](const Column& column) { return changed_types_.count(element_type(column.type)) != 0; });
    const bool ruled = std::any_of(objects_.definitions.begin(), objects_.definitions.end(), [&](const Definition& definition) {
      return definition.kind != "type" && mentions(definition.definition, table.name.name);
    });
    if (asked != nullptr || uses_changed || ruled || comes_by_rename(live_.tables, objects_.tables, table)) collect_table(asked != nullptr ? *asked : table, asked != nullptr);
  }
  for (const auto& [routine, asked] : later) add_routine(*routine, asked);
  for (const auto& view : declared_.views) {
    if (comes_by_rename(live_.views, objects_.views, view)) {
      places_.made(view.name);
      add(view_sql(view), "view " + view.name.text(), view.declared.location, false);
    }
  }
  for (const auto& view : objects_.views) {
    places_.made(view.name);
    auto bare = view;
    bare.options.erase("tablespace");
    bare.options.erase("access_method");
    const auto what = (view.materialized ? "materialized view " : "view ") + view.name.text();
    add(view_sql(bare) + (view.materialized ? "\nWITH NO DATA" : ""), what, view.declared.location, true);
    for (const auto& index : view.indexes) add(index_sql(index, view.name), "index " + index.name + " of " + what, index.declared.location, true);
  }
  for (const auto& definition : objects_.definitions) {
    if (definition.kind == "type") continue;
    places_.made(definition.name);
    add(definition.definition, definition.kind + " " + definition.name.text(), definition.declared.location, true);
  }
  const auto add_trigger = [&](const Trigger& trigger, const QualifiedName& owner) {
    add(trigger.definition, "trigger " + trigger.name + " of " + owner.text(), trigger.declared.location, true);
  };
  for (const auto& table : objects_.tables) {
    for (const auto& policy : table.policies) {
      add(policy_sql(policy, table.name), "policy " + policy.name + " of table " + table.name.text(), policy.declared.location, true);
    }
    for (const auto& trigger : table.triggers) add_trigger(trigger, table.name);
  }
  for (const auto& view : objects_.views) {
    for (const auto& trigger : view.triggers) add_trigger(trigger, view.name);
  }
}

// ---- making it ---------------------------------------------------------------------------------------------------

void Normalizer::refuse(const Step& step, const DatabaseError& error) const {
  auto location = step.location;
  if (step.table != nullptr && error.position > 0) {
    // Every column stands on a line of its own.
    const auto before = std::string_view(step.sql).substr(0, static_cast<std::size_t>(error.position));
    const auto line = static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n'));
    if (line >= 1 && line <= step.table->columns.size()) {
      const auto& column = step.table->columns[line - 1];
      if (column.declared.location.known()) location = column.declared.location;
    }
  }
  throw Error{ErrorKind::usage, "PostgreSQL refuses the " + step.what + " of the model: " + error.message(), error.hint, location};
}

void Normalizer::make_one_by_one() {
  std::vector<const Step*> waiting;
  for (const auto& step : steps_) waiting.push_back(&step);
  while (!waiting.empty()) {
    std::vector<const Step*> failed;
    std::optional<DatabaseError> first_error;
    const Step* first = nullptr;
    for (const auto* step : waiting) {
      try {
        connection_.execute("SAVEPOINT migrate_step");
        connection_.execute(step->sql);
        connection_.execute("RELEASE SAVEPOINT migrate_step");
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        connection_.execute("ROLLBACK TO SAVEPOINT migrate_step");
        failed.push_back(step);
        if (!first && step->needed) {
          first = step;
          first_error.emplace(error);
        }
      }
    }
    // What failed may have come before something that it refers to: again, as long as there is progress.
    if (failed.size() == waiting.size()) {
      if (first != nullptr) refuse(*first, *first_error);
      return;
    }
    waiting = std::move(failed);
  }
}

void Normalizer::make() {
  std::string sql;
  for (auto& step : steps_) {
    step.sql = places_.to_scratch(step.sql);
    sql += step.sql + ";\n";
  }
  try {
    connection_.execute("SAVEPOINT migrate_all;\n" + sql);
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    connection_.execute("ROLLBACK TO SAVEPOINT migrate_all");
    make_one_by_one();
  }
}

// ---- reading the answer ------------------------------------------------------------------------------------------

std::optional<Default> Normalizer::real(std::optional<Default> value) const {
  if (value && value->expression) value->text = places_.to_real(value->text);
  return value;
}

/// Defaults that give the same value always, whatever they look like.
bool same_default(const Default& a, const Default& b, const std::string& type) {
  if (a == b) return true;
  if (a.expression != b.expression) return false;
  if (a.expression) {
    const auto is_now = [](const std::string& text) { return text == "now()" || text == "CURRENT_TIMESTAMP" || text == "transaction_timestamp()"; };
    return is_now(a.text) && is_now(b.text);
  }
  if (!is_number_type(type) || type == "numeric") return false;
  // A type of fixed scale gives 0 and 0.00 the same form.
  const auto plain = [](std::string text) {
    if (text.find('.') != std::string::npos && text.find_first_of("eE") == std::string::npos) {
      while (text.ends_with('0')) text.pop_back();
      if (text.ends_with('.')) text.pop_back();
    }
    return text;
  };
  return plain(a.text) == plain(b.text);
}

void Normalizer::adopt(Column& column, const Column& scratch, const Column* live) const {
  column.type = places_.type_to_real(scratch.type);
  if (!column.identity) column.default_value = real(scratch.default_value);
  if (scratch.generated) column.generated = Generated{places_.to_real(scratch.generated->expression), scratch.generated->stored};
  column.collation = scratch.collation;
  if (live != nullptr && live->default_value && column.default_value && live->type == column.type &&
      same_default(*live->default_value, *column.default_value, column.type)) {
    column.default_value = live->default_value;
  }
}

void Normalizer::adopt(Index& index, const Index& scratch) const {
  index.parts = scratch.parts;
  for (auto& part : index.parts) part.expression = places_.to_real(part.expression);
  index.where = places_.to_real(scratch.where);
  index.method = scratch.method;
}

void Normalizer::adopt(std::vector<Index>& indexes, const std::vector<Index>& scratch) const {
  for (auto& index : indexes) {
    if (const auto* made = find_named(scratch, index.name)) adopt(index, *made);
  }
}

void Normalizer::adopt(std::vector<Trigger>& triggers, const std::vector<Trigger>& scratch) const {
  for (auto& trigger : triggers) {
    if (const auto* made = find_named(scratch, trigger.name)) trigger.definition = places_.to_real(made->definition);
  }
}

void Normalizer::adopt(Table& table, const Table& scratch) const {
  const auto* live = find_named(live_.tables, table.name);
  for (auto& column : table.columns) {
    const auto* made = find_named(scratch.columns, column.name);
    if (made != nullptr) adopt(column, *made, live == nullptr ? nullptr : find_named(live->columns, column.name));
  }
  for (auto& check : table.checks) {
    if (const auto* made = find_named(scratch.checks, check.name)) check.expression = places_.to_real(made->expression);
  }
  for (auto& exclusion : table.exclusions) {
    if (const auto* made = find_named(scratch.exclusions, exclusion.name)) exclusion.definition = places_.to_real(made->definition);
  }
  adopt(table.indexes, scratch.indexes);
  adopt(table.triggers, scratch.triggers);
  for (auto& policy : table.policies) {
    const auto* made = find_named(scratch.policies, policy.name);
    if (made == nullptr) continue;
    policy.using_expression = places_.to_real(made->using_expression);
    policy.check_expression = places_.to_real(made->check_expression);
    policy.roles = made->roles;
  }
  if (const auto it = scratch.options.find("partition_by"); it != scratch.options.end()) table.options["partition_by"] = places_.to_real(it->second);
}

void Normalizer::adopt(Schema& result, const Schema& scratch) const {
  for (auto& domain : result.domains) {
    const auto* made = find_named(scratch.domains, domain.name);
    if (made == nullptr) continue;
    domain.type = places_.type_to_real(made->type);
    domain.default_value = real(made->default_value);
    domain.collation = made->collation;
    for (auto& check : domain.checks) {
      if (const auto* same = find_named(made->checks, check.name)) check.expression = places_.to_real(same->expression);
    }
  }
  for (auto& definition : result.definitions) {
    for (const auto& made : scratch.definitions) {
      if (made.name == definition.name && made.kind == definition.kind) definition.definition = places_.to_real(made.definition);
    }
  }
  for (auto& routine : result.routines) {
    const Routine* match = nullptr;
    int count = 0;
    for (const auto& made : scratch.routines) {
      if (made.name != routine.name || made.kind != routine.kind) continue;
      ++count;
      if (match == nullptr || made.arguments == routine.arguments) match = &made;
    }
    if (match == nullptr || (count > 1 && match->arguments != routine.arguments)) continue;
    routine.definition = places_.to_real(match->definition);
    std::vector<std::string> types;
    for (const auto& type : split(match->arguments, ',')) types.push_back(places_.type_to_real(type));
    routine.arguments = join(types, ", ");
  }
  for (auto& table : result.tables) {
    if (const auto* made = find_named(scratch.tables, table.name)) adopt(table, *made);
  }
  for (auto& view : result.views) {
    const auto* made = find_named(scratch.views, view.name);
    if (made == nullptr) continue;
    view.definition = places_.to_real(made->definition);
    view.columns.clear();
    adopt(view.indexes, made->indexes);
    adopt(view.triggers, made->triggers);
  }
}

Schema Normalizer::run() {
  collect();
  std::string begin = "BEGIN; SET LOCAL client_min_messages = error; SET LOCAL check_function_bodies = off; SET LOCAL lock_timeout = '10s'";
  InspectScope scope;
  scope.also_on_path = {default_};
  scope.options.schemas.push_back(places_.first());
  for (const auto& [real, scratch] : places_.schemas()) {
    begin += "; CREATE SCHEMA " + scratch;
    if (!real.empty()) scope.options.schemas.push_back(scratch);
  }
  begin += "; SET LOCAL search_path = " + places_.first() + ", " + quote_name(default_);
  struct Rollback {
    Connection& connection;
    ~Rollback() {
      try {
        connection.execute("ROLLBACK");
      } catch (...) {  // the connection is gone, and the transaction with it
      }
    }
  } rollback{connection_};
  try {
    connection_.execute(begin);
  } catch (const DatabaseError& error) {
    if (error.sqlstate == "42501") return objects_;  // a role that may not make schemas: the model's text has to do
    throw;
  }
  make();
  auto scratch = inspect(connection_, server_, scope);
  const auto rename = [&](auto& list) {
    for (auto& object : list) object.name = places_.to_real(object.name);
  };
  rename(scratch.domains);
  rename(scratch.definitions);
  rename(scratch.routines);
  rename(scratch.tables);
  rename(scratch.views);
  auto result = objects_;
  adopt(result, scratch);
  const auto real_id = [&](ObjectId id) {
    id.name = places_.to_real(id.name);
    if (id.name.schema == default_) id.name.schema.clear();
    return id;
  };
  for (auto& [object, needs] : scratch.dependencies.needs) {
    auto& told = result.dependencies.needs[real_id(object)];
    for (auto& need : needs) told.push_back({real_id(need.on), std::move(need.columns)});
  }
  return result;
}

}  // namespace

Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared, const Schema& live) {
  return Normalizer(connection, server, objects, declared, live).run();
}

}  // namespace migrate::postgresql
