#include "autogenerate/autogenerate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "autogenerate/access.hpp"
#include "autogenerate/answers.hpp"
#include "autogenerate/inline_values.hpp"
#include "autogenerate/losses.hpp"
#include "autogenerate/undeclared.hpp"
#include "core/text.hpp"
#include "dialect/canonical.hpp"
#include "dialect/catalog.hpp"
#include "dialect/render.hpp"
#include "dialect/rows.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// A routine that the model names without its arguments is the only live one of that name.
void complete_routines(const Schema& live, Schema& declared) {
  for (auto& routine : declared.routines) {
    if (!routine.arguments.empty()) continue;
    const Routine* only = nullptr;
    int count = 0;
    for (const auto& other : live.routines) {
      if (other.name == routine.name && other.kind == routine.kind) {
        only = &other;
        ++count;
      }
    }
    const auto same_name = std::count_if(declared.routines.begin(), declared.routines.end(), [&](const Routine& other) {
      return other.name == routine.name && other.kind == routine.kind;
    });
    if (count == 1 && same_name == 1) routine.arguments = only->arguments;
  }
}

/// The declared objects that are not, as text, what the database has, with the new ones that they may refer to. New ones
/// alone need no question: there is nothing to compare them with.
Schema doubtful(const Schema& live, const Schema& declared, const ServerInfo& server) {
  Schema out;
  bool any = false;
  const auto differs = [&](const auto& before, const auto& after) {
    // Names that a rule gave and the order of parts make tables unequal, but no difference.
    if constexpr (std::is_same_v<std::decay_t<decltype(after)>, Table>) return differ(before, after, server);
    else return before != after;
  };
  const auto collect = [&](const auto& before, const auto& after, auto& into, const auto& same_key) {
    using T = typename std::decay_t<decltype(after)>::value_type;
    std::map<QualifiedName, std::vector<const T*>> by_name;
    for (const auto& object : before) by_name[object.name].push_back(&object);
    for (const auto& object : after) {
      const auto it = by_name.find(object.name);
      const T* other = nullptr;
      if (it != by_name.end()) {
        for (const auto* candidate : it->second) {
          if (same_key(*candidate, object)) other = candidate;
        }
      }
      if (other != nullptr && !differs(*other, object)) continue;
      any = any || other != nullptr;
      into.push_back(object);
    }
  };
  const auto yes = [](const auto&, const auto&) { return true; };
  collect(live.domains, declared.domains, out.domains, yes);
  collect(live.sequences, declared.sequences, out.sequences, yes);
  collect(live.definitions, declared.definitions, out.definitions, [](const Definition& a, const Definition& b) { return a.kind == b.kind; });
  collect(live.routines, declared.routines, out.routines, [](const Routine& a, const Routine& b) { return a.kind == b.kind && a.arguments == b.arguments; });
  collect(live.tables, declared.tables, out.tables, yes);
  collect(live.views, declared.views, out.views, yes);
  return any ? out : Schema{};
}

/// Takes over what the engine made of a part and keeps what the model said about the way.
template <class T>
void adopt_parts(std::vector<T>& declared, const std::vector<T>& normal) {
  std::map<std::string, const T*> by_name;
  for (const auto& part : normal) by_name.emplace(part.name, &part);
  for (auto& part : declared) {
    const auto it = by_name.find(part.name);
    if (it == by_name.end() || part.name.empty()) continue;
    auto hints = part.declared;
    part = *it->second;
    part.declared = std::move(hints);
  }
}

void adopt(Table& declared, const Table& normal) {
  adopt_parts(declared.columns, normal.columns);
  adopt_parts(declared.uniques, normal.uniques);
  adopt_parts(declared.checks, normal.checks);
  adopt_parts(declared.exclusions, normal.exclusions);
  adopt_parts(declared.indexes, normal.indexes);
  adopt_parts(declared.triggers, normal.triggers);
  adopt_parts(declared.policies, normal.policies);
  declared.options = normal.options;
  // Unnamed checks have no other handle than their place.
  for (std::size_t i = 0; i < declared.checks.size() && declared.checks.size() == normal.checks.size(); ++i) {
    if (declared.checks[i].name.empty() && normal.checks[i].name.empty()) declared.checks[i].expression = normal.checks[i].expression;
  }
}

template <class T>
void adopt_objects(std::vector<T>& declared, const std::vector<T>& normal) {
  std::map<QualifiedName, std::vector<const T*>> by_name;
  for (const auto& object : normal) by_name[object.name].push_back(&object);
  for (auto& object : declared) {
    const auto it = by_name.find(object.name);
    if (it == by_name.end()) continue;
    const T* match = it->second.size() == 1 ? it->second.front() : nullptr;
    if constexpr (std::is_same_v<T, Routine>) {
      for (const auto* candidate : it->second) {
        if (candidate->kind == object.kind && candidate->arguments == object.arguments) match = candidate;
      }
    }
    if (match == nullptr) continue;
    if constexpr (std::is_same_v<T, Table>) {
      adopt(object, *match);
    } else {
      auto hints = object.declared;
      object = *match;
      object.declared = std::move(hints);
    }
  }
}

/// What the declared objects stand on: what the engine told of those that it tried, what it told of the live ones for those that are equal.
/// Of others only their texts tell.
void take_dependencies(Schema& declared, const Schema& live, const Schema& asked, const Schema& normal) {
  auto& needs = declared.dependencies.needs;
  needs = live.dependencies.needs;
  for (const auto& view : asked.views) needs.erase({.kind = ObjectId::Kind::relation, .name = view.name, .part = {}});
  for (const auto& routine : asked.routines) needs.erase({.kind = ObjectId::Kind::routine, .name = routine.name, .part = routine.arguments});
  for (const auto& domain : asked.domains) needs.erase({.kind = ObjectId::Kind::type, .name = domain.name, .part = {}});
  for (const auto& definition : asked.definitions) needs.erase({.kind = ObjectId::Kind::definition, .name = definition.name, .part = definition.kind});
  for (const auto& table : asked.tables) {
    for (const auto& trigger : table.triggers) needs.erase({.kind = ObjectId::Kind::trigger, .name = table.name, .part = trigger.name});
    for (const auto& policy : table.policies) needs.erase({.kind = ObjectId::Kind::policy, .name = table.name, .part = policy.name});
  }
  for (const auto& [object, told] : normal.dependencies.needs) needs[object] = told;
}

/// The reviewed pairs that are written as drop and add carry their question on the drop.
void mark_reviewed_drops(std::vector<PlannedChange>& changes, const Renamed& renamed, const Schema& declared) {
  for (const auto& decision : renamed.reviewed_drops) {
    const auto& pair = decision.candidate;
    for (auto& change : changes) {
      const auto* column = std::get_if<Remove<Column>>(&change.operation);
      const auto* table = std::get_if<Drop<Table>>(&change.operation);
      const bool is_column = pair.kind == RenameKind::column && column != nullptr && column->table == pair.table && column->object.name == pair.from;
      const bool is_table = pair.kind == RenameKind::table && table != nullptr && table->object.name.text() == pair.from;
      if (!is_column && !is_table) continue;
      change.review = fmt::format("was {}{} renamed to {}? ({}) If it was, take the other statement and leave out what adds {}.{}",
                                  is_column ? pair.table.text() + "." : "", pair.from, pair.to, why(pair), pair.to,
                                  chain_text(decision));
      if (is_column) {
        change.alternative = {RenamePart<Column>{pair.table, pair.from, pair.to}};
      } else {
        const auto other = std::find_if(declared.tables.begin(), declared.tables.end(), [&](const Table& item) { return item.name.text() == pair.to; });
        if (other != declared.tables.end()) change.alternative = {Rename<Table>{table->object.name, other->name, {}, {}}};
      }
    }
  }
}

/// " (12 values)", where it was counted.
std::string counted(const HeldCounts& counts, const HeldPlace& place, const std::string& thing) {
  const auto it = counts.find(place);
  const auto text = it == counts.end() ? "" : held_text(it->second, thing);
  return text.empty() ? "" : " (" + text + " here)";
}

void note_losses(std::vector<PlannedChange>& changes, const HeldCounts& held, bool kept, const RenderFace& render) {
  for (auto& change : changes) {
    if (!change.note.empty()) continue;
    auto remark = render.remark(change.operation);
    change.note = std::move(remark.note);
    if (change.review.empty()) change.review = std::move(remark.review);
    if (const auto* column = std::get_if<Remove<Column>>(&change.operation); column != nullptr && !column->object.generated) {
      change.note = "drops the column " + column->table.text() + "." + column->object.name + " and its data" + counted(held, {column->table, column->object.name}, "value") +
                    (kept ? "; `keep` has it for a downgrade" : "; a downgrade does not bring the data back");
    } else if (const auto* table = std::get_if<Drop<Table>>(&change.operation)) {
      change.note = "drops the table " + table->object.name.text() + " and its rows" + counted(held, {table->object.name, ""}, "row") + (kept ? "; `keep` has them for a downgrade" : "; a downgrade does not bring them back");
    }
  }
}

/// A thing with rows that goes while one of its kind comes may have been renamed: nobody loses rows unasked.
void ask_about_definitions(std::vector<PlannedChange>& changes, const std::vector<std::string>& no_renames) {
  for (auto& change : changes) {
    const auto* drop = change.as<Drop<Definition>>();
    if (drop == nullptr || change.note.empty() || std::find(no_renames.begin(), no_renames.end(), drop->object.name.text()) != no_renames.end()) continue;
    for (const auto& other : changes) {
      const auto* create = other.as<Create<Definition>>();
      if (create == nullptr || create->object.kind != drop->object.kind) continue;
      change.review = fmt::format("was the {} {} renamed to {}? If it was, take the other statement and leave out what makes {}.", drop->object.kind, drop->object.name.text(),
                                  create->object.name.text(), create->object.name.text());
      change.alternative = {Rename<Definition>{drop->object.name, create->object.name, {}, drop->object.kind}};
      break;
    }
  }
}

/// What a person said is no rename is nothing for lint to doubt.
void note_answers(std::vector<PlannedChange>& changes, const std::vector<std::string>& no_renames, const FormerTables& former) {
  const auto answered = [&](const std::string& name) { return std::find(no_renames.begin(), no_renames.end(), name) != no_renames.end(); };
  const auto column_answered = [&](const Remove<Column>& column) {
    const auto keys = keys_of_part(column.table, former, column.object.name);
    return std::any_of(keys.begin(), keys.end(), answered);
  };
  for (auto& change : changes) {
    const auto* column = change.as<Remove<Column>>();
    const auto* table = change.as<Drop<Table>>();
    if ((column != nullptr && column_answered(*column)) || (table != nullptr && answered(table->object.name.text()))) {
      change.allow = "ALL005 because it was said that this is dropped, not renamed";
    }
  }
}

template <class T>
void keep(std::vector<T>& items, std::string_view kind, const ObjectFilter& filter) {
  std::erase_if(items, [&](const T& item) { return !filter(kind, item.name); });
}

}  // namespace

void filter_schema(Schema& schema, const ObjectFilter& filter) {
  if (!filter) return;
  std::erase_if(schema.extensions, [&](const Extension& extension) { return !filter("extension", {"", extension.name}); });
  keep(schema.enums, "enum", filter);
  keep(schema.domains, "domain", filter);
  keep(schema.sequences, "sequence", filter);
  keep(schema.views, "view", filter);
  keep(schema.tables, "table", filter);
  std::erase_if(schema.routines, [&](const Routine& routine) {
    return !filter(routine.kind == Routine::Kind::procedure ? "procedure" : "function", routine.name);
  });
  std::erase_if(schema.definitions, [&](const Definition& definition) { return !filter(definition.kind, definition.name); });
  for (auto& table : schema.tables) {
    std::erase_if(table.indexes, [&](const Index& index) { return !filter("index", {table.name.schema, index.name}); });
    std::erase_if(table.triggers, [&](const Trigger& trigger) { return !filter("trigger", {table.name.schema, trigger.name}); });
  }
}

namespace {

bool has_key_to(const Schema& schema, const QualifiedName& table, const QualifiedName& references) {
  const auto* found = find_named(schema.tables, table);
  return found != nullptr && std::any_of(found->foreign_keys.begin(), found->foreign_keys.end(),
                                         [&](const ForeignKey& key) { return key.references == references; });
}

/// A key to a table that neither the model nor the database has is a mistake in the model, unless the database has that very
/// key: SQLite does not look, and MySQL can be told not to.
void check_references(const Dialect& dialect, Connection& connection, const ServerInfo& server, const Schema& live, const Schema& declared) {
  std::set<QualifiedName> known;
  for (const auto& table : declared.tables) known.insert(table.name);
  for (const auto& table : live.tables) known.insert(table.name);
  const auto is_known = [&](const QualifiedName& name) {
    return known.contains(name) || std::any_of(known.begin(), known.end(), [&](const QualifiedName& other) {
             return other.schema == name.schema && equal_ignoring_case(other.name, name.name);
           });
  };
  for (const auto& table : declared.tables) {
    for (const auto& key : table.foreign_keys) {
      if (is_known(key.references) || has_key_to(live, table.name, key.references)) continue;
      // It may be one that commands leave alone.
      InspectOptions there;
      there.schemas = {key.references.schema.empty() ? server.default_schema : key.references.schema};
      there.tables = {{"", key.references.name}};
      if (there.schemas.front().empty()) there.schemas.clear();
      if (!dialect.catalog().inspect(connection, server, there).tables.empty()) {
        known.insert(key.references);
        continue;
      }
      throw Error{ErrorKind::usage,
                  "foreign key " + table.name.text() + "." + key.name + " refers to " + key.references.text() +
                      ", a table that neither the model nor the database has",
                  "correct the name, or declare the table", key.declared.location.known() ? key.declared.location : table.declared.location};
    }
  }
}

/// What a database can hold and nobody means to make: it is no slip only where the database has it already.
void check_new(const Schema& live, const Schema& declared) {
  for (const auto& table : declared.tables) {
    const bool parents = table.options.contains("partition_of") || table.options.contains("inherits");
    if (!table.columns.empty() || parents || find_named(live.tables, table.name) != nullptr) continue;
    throw Error{ErrorKind::usage, "table " + table.name.text() + " has no columns", "name them under `columns:`", table.declared.location};
  }
  for (const auto& type : declared.enums) {
    if (!type.values.empty() || find_named(live.enums, type.name) != nullptr) continue;
    throw Error{ErrorKind::usage, "enum " + type.name.text() + " has no values", "write `" + type.name.text() + ": [a, b]`", type.declared.location};
  }
}

/// The names of NOT NULL constraints, which no model says, as the database has them.
void keep_names(const Schema& live, Schema& declared) {
  for (auto& table : declared.tables) {
    const auto* before = find_named(live.tables, table.name);
    if (before == nullptr) continue;
    for (auto& column : table.columns) {
      const auto* was = find_named(before->columns, column.name);
      if (was == nullptr) continue;
      if (const auto named = was->declared.spelling.find("not_null"); named != was->declared.spelling.end()) column.declared.spelling.insert(*named);
    }
  }
}

/// A table of the model that somebody has made a partition of another one is there, with its rows, though inspection leaves it out.
void refuse_attached(const Dialect& dialect, Connection& connection, const Schema& live, const Schema& declared) {
  std::vector<const Table*> fresh;
  for (const auto& table : declared.tables) {
    if (!table.options.contains("partition_of") && find_named(live.tables, table.name) == nullptr) fresh.push_back(&table);
  }
  if (fresh.empty()) return;
  const auto partitions = dialect.rows().partitions(connection);
  for (const auto* table : fresh) {
    if (std::find(partitions.begin(), partitions.end(), table->name) == partitions.end()) continue;
    throw Error{ErrorKind::usage, "table " + table->name.text() + " of the model is a partition of another table in the database",
                "`migrate inspect` shows how the model says that (partition_of); leave it out of the model when something else manages it", table->declared.location};
  }
}

/// Partitions are left alone unless the model declares them: those are read by name.
void add_declared_partitions(const Dialect& dialect, Connection& connection, const ServerInfo& server, Schema& live, const Schema& declared) {
  InspectOptions options;
  options.schemas = {server.default_schema};
  for (const auto& table : declared.tables) {
    if (!table.options.contains("partition_of") || find_named(live.tables, table.name) != nullptr) continue;
    options.tables.push_back(table.name);
    if (!table.name.schema.empty() && std::find(options.schemas.begin(), options.schemas.end(), table.name.schema) == options.schemas.end()) {
      options.schemas.push_back(table.name.schema);
    }
  }
  refuse_attached(dialect, connection, live, declared);
  if (options.tables.empty()) return;
  for (auto& table : dialect.catalog().inspect(connection, server, options).tables) live.tables.push_back(std::move(table));
}

/// Whether the two differ in a text that only the server could tell to mean the same.
bool words_differ(const Table& before, const Table& after) {
  const auto differs = [](const auto& a, const auto& b, const auto& text) {
    return std::any_of(b.begin(), b.end(), [&](const auto& part) {
      const auto* other = find_named(a, part.name);
      return other != nullptr && text(*other) != text(part);
    });
  };
  return differs(before.checks, after.checks, [](const Check& check) { return check.expression; }) ||
         differs(before.columns, after.columns, [](const Column& column) { return column.generated ? column.generated->expression : ""; });
}

/// What would have been asked of the server, where it cannot be asked.
void note_unasked(std::vector<ModelRemark>& remarks, const Schema& live, const Schema& questions) {
  const auto note = [&](const std::string& what, const Declaration& declared) {
    remarks.push_back({what + " is compared as text: this server cannot be asked how it would store it. Where only the words differ, write those that `migrate inspect` shows", declared.location});
  };
  for (const auto& table : questions.tables) {
    const auto* there = find_named(live.tables, table.name);
    if (there != nullptr && words_differ(*there, table)) note("table " + table.name.text(), table.declared);
  }
  for (const auto& view : questions.views) {
    if (find_named(live.views, view.name) != nullptr) note("view " + view.name.text(), view.declared);
  }
}

Difference find_changes(const Dialect& dialect, Connection* connection, const ServerInfo& server, Schema live, Schema declared,
                        RenameOptions renames) {
  if (connection != nullptr) keep_aside(live, declared, renames);
  if (connection != nullptr) check_new(live, declared);
  dialect.canonical().canonicalize(declared, server);
  std::vector<ModelRemark> remarks;
  if (connection != nullptr) remarks = dialect.catalog().check_types(*connection, server, declared, live);
  if (connection != nullptr) add_declared_partitions(dialect, *connection, server, live, declared);
  if (connection != nullptr) check_references(dialect, *connection, server, live, declared);
  complete_routines(live, declared);
  if (connection != nullptr) read_declared_access(dialect, *connection, server, live, declared);
  renames.answers = take_value_renames(std::move(renames.answers), live, declared, dialect);
  auto renamed = make_renames(live, declared, renames, dialect);
  keep_names(renamed.schema ? *renamed.schema : live, declared);
  take_undeclared(renamed.schema ? *renamed.schema : live, declared, dialect.canonical().compared_when_declared(server));
  dialect.canonical().take_live_words(renamed.schema ? *renamed.schema : live, declared, server);
  const Schema questions = doubtful(renamed.schema ? *renamed.schema : live, declared, server);
  if (connection != nullptr && !server.capabilities.scratch_objects) note_unasked(remarks, renamed.schema ? *renamed.schema : live, questions);
  if (connection != nullptr && server.capabilities.scratch_objects && questions != Schema{}) {
    const Schema normal = dialect.catalog().normalize(*connection, server, questions, declared, live);
    adopt_objects(declared.domains, normal.domains);
    adopt_objects(declared.sequences, normal.sequences);
    adopt_objects(declared.definitions, normal.definitions);
    adopt_objects(declared.routines, normal.routines);
    adopt_objects(declared.tables, normal.tables);
    adopt_objects(declared.views, normal.views);
    take_dependencies(declared, renamed.schema ? *renamed.schema : live, questions, normal);
  } else if (!declared.dependencies.complete) {  // it was not inspected itself
    // What is new was not asked about: its text tells.
    declared.dependencies.needs = (renamed.schema ? *renamed.schema : live).dependencies.needs;
  }
  // What the way back makes again gets what it had too.
  declared.rights = (renamed.schema ? *renamed.schema : live).rights;
  auto changes = compare(renamed.schema ? *renamed.schema : live, declared, server);
  if (connection != nullptr) compare_access(renamed.schema ? *renamed.schema : live, declared, changes);
  mark_reviewed_drops(changes, renamed, declared);
  note_losses(changes, renamed.held, renames.kept, dialect.render());
  ask_about_definitions(changes, renames.answers.no_renames);
  note_aside(renamed.changes);
  note_answers(changes, renames.answers.no_renames, renamed.former);
  changes.insert(changes.begin(), std::make_move_iterator(renamed.changes.begin()), std::make_move_iterator(renamed.changes.end()));
  Difference difference{.before = std::move(live), .after = std::move(declared), .changes = {}, .server = server, .remarks = std::move(remarks)};
  difference.changes = order(std::move(changes), difference.before, renamed.schema ? *renamed.schema : difference.before, difference.after, dialect, server);
  for (std::size_t i = 0; i < difference.changes.size(); ++i) difference.changes[i].number = i + 1;
  return difference;
}

}  // namespace

Difference find_difference(const Dialect& dialect, Connection& connection, const ServerInfo& server, Schema live, Schema declared,
                           const RenameOptions& renames) {
  return find_changes(dialect, &connection, server, std::move(live), std::move(declared), renames);
}

Difference compare_inspected(const Dialect& dialect, const ServerInfo& server, Schema before, Schema after, const RenameOptions& renames) {
  dialect.canonical().canonicalize(before, server);
  return find_changes(dialect, nullptr, server, std::move(before), std::move(after), renames);
}

}  // namespace migrate
