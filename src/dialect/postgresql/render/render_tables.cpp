#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/sequences.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

std::vector<QualifiedName> parents_of(const Options& options) {
  std::vector<QualifiedName> parents;
  for (const auto& parent : split(option(options, "inherits"), ',')) parents.push_back(parse_name(parent));
  return parents;
}

/// A foreign key to its own table that only an index makes possible has to wait for the index.
bool waits_for_index(const Table& table, const ForeignKey& key) {
  if (key.not_valid) return true;
  if (key.references != table.name) return false;
  if (table.primary_key && column_names(table.primary_key->parts) == key.referenced_columns) return false;
  return std::none_of(table.uniques.begin(), table.uniques.end(),
                      [&](const Unique& unique) { return column_names(unique.parts) == key.referenced_columns; });
}

std::map<std::string, std::string> with_parameters(const Options& options) {
  std::map<std::string, std::string> parameters;
  for (const auto& [key, value] : options) {
    if (key.starts_with("with.")) parameters[key.substr(5)] = value;
  }
  return parameters;
}

std::string replica_identity(const std::string& value) {
  if (value.empty()) return "REPLICA IDENTITY DEFAULT";
  if (starts_with_ignoring_case(value, "using index ")) {
    return "REPLICA IDENTITY USING INDEX " + quote_name(parse_name(value.substr(12)));
  }
  return "REPLICA IDENTITY " + upper(value);
}

std::string create_table_end(const Options& options) {
  std::string sql;
  if (const auto parents = parents_of(options); !parents.empty()) {
    std::vector<std::string> names;
    for (const auto& parent : parents) names.push_back(quote_name(parent));
    sql += " INHERITS (" + join(names, ", ") + ")";
  }
  if (const auto partition = option(options, "partition_by"); !partition.empty()) sql += " PARTITION BY " + partition;
  if (const auto method = option(options, "access_method"); !method.empty()) sql += " USING " + quote_name(method);
  if (const auto parameters = storage_parameters(options); !parameters.empty()) sql += " WITH (" + parameters + ")";
  if (const auto tablespace = option(options, "tablespace"); !tablespace.empty()) sql += " TABLESPACE " + quote_name(tablespace);
  return sql;
}

}  // namespace

/// A column that a parent gives its child just like that is not written again.
bool Renderer::inherited(const Table& child, const Column& column) const {
  for (const auto& name : parents_of(child.options)) {
    const auto* parent = table(name);
    const auto* given = parent == nullptr ? nullptr : find_named(parent->columns, column.name);
    if (given == nullptr) continue;
    auto bare = *given;
    bare.comment = column.comment;
    bare.options = column.options;
    if (bare == column) return true;
  }
  return false;
}

bool Renderer::parent_has(const QualifiedName& name, const std::string& column) const {
  const auto* child = table(name);
  if (child == nullptr) return false;
  for (const auto& parent_name : parents_of(child->options)) {
    const auto* parent = table(parent_name);
    if (parent != nullptr && find_named(parent->columns, column) != nullptr) return true;
  }
  return false;
}

namespace {

template <class Part>
bool any_on_parent(const std::vector<Operation>& operations, const Table* child, const std::string& column) {
  if (child == nullptr) return false;
  const auto parents = parents_of(child->options);
  if (parents.empty()) return false;
  return std::any_of(operations.begin(), operations.end(), [&](const Operation& operation) {
    const auto* part = std::get_if<Part>(&operation);
    return part != nullptr && part->object.name == column && std::find(parents.begin(), parents.end(), part->table) != parents.end();
  });
}

}  // namespace

bool Renderer::parent_adds(const QualifiedName& name, const std::string& column) const {
  return any_on_parent<Add<Column>>(operations_, table(name), column);
}

bool Renderer::parent_removes(const QualifiedName& name, const std::string& column) const {
  return any_on_parent<Remove<Column>>(operations_, table(name), column);
}

std::vector<QualifiedName> Renderer::ancestors_of(const QualifiedName& name) const {
  std::vector<QualifiedName> found;
  std::vector<QualifiedName> next{name};
  while (!next.empty()) {
    const auto* child = table(next.back());
    next.pop_back();
    if (child == nullptr) continue;
    for (const auto& parent : parents_of(child->options)) {
      if (std::find(found.begin(), found.end(), parent) != found.end()) continue;
      found.push_back(parent);
      next.push_back(parent);
    }
  }
  return found;
}

std::vector<std::size_t> Renderer::parent_changes(const QualifiedName& name, const std::string& column) const {
  const auto ancestors = ancestors_of(name);
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < operations_.size() && !ancestors.empty(); ++i) {
    const auto* change = std::get_if<Change<Column>>(&operations_[i]);
    if (change == nullptr || change->after.name != column) continue;
    if (std::find(ancestors.begin(), ancestors.end(), change->table) != ancestors.end()) found.push_back(i);
  }
  return found;
}

std::vector<const Table*> Renderer::children_of(const QualifiedName& name) const {
  std::vector<const Table*> found;
  std::vector<QualifiedName> next{name};
  while (!next.empty()) {
    const auto parent = next.back();
    next.pop_back();
    for (const auto& candidate : state_.tables) {
      const auto parents = parents_of(candidate.options);
      if (std::find(parents.begin(), parents.end(), parent) == parents.end()) continue;
      if (std::find(found.begin(), found.end(), &candidate) != found.end()) continue;
      found.push_back(&candidate);
      next.push_back(candidate.name);
    }
  }
  return found;
}

void Renderer::render(const Create<Table>& operation) {
  const auto& object = operation.object;
  const auto name = quote_name(object.name);
  std::vector<std::string> lines;
  for (const auto& column : object.columns) {
    if (!inherited(object, column)) lines.push_back(column_sql(column));
  }
  if (object.primary_key) lines.push_back(constraint_sql(*object.primary_key));
  for (const auto& unique : object.uniques) lines.push_back(constraint_sql(unique));
  for (const auto& check : object.checks) {
    if (!check.not_valid) lines.push_back(constraint_sql(check));
  }
  for (const auto& exclusion : object.exclusions) lines.push_back(constraint_sql(exclusion));
  // Citus wants both tables spread before it takes a key between them.
  const bool is_spread = spread_of(object.options) != Spread::plain;
  const auto waits = [&](const ForeignKey& key) { return is_spread || waits_for_index(object, key); };
  for (const auto& key : object.foreign_keys) {
    if (!waits(key)) lines.push_back(constraint_sql(key));
  }
  const bool unlogged = option(object.options, "unlogged") == "true";
  if (const auto parent = option(object.options, "partition_of"); !parent.empty()) {
    statement("CREATE TABLE " + name + " PARTITION OF " + quote_name(parse_name(parent)) +
              (lines.empty() ? " " : " (\n  " + join(lines, ",\n  ") + "\n) ") + option(object.options, "partition_bound") +
              create_table_end(object.options));
  } else {
    statement(std::string("CREATE ") + (unlogged ? "UNLOGGED " : "") + "TABLE " + name +
              (lines.empty() ? " ()" : " (\n  " + join(lines, ",\n  ") + "\n)") + create_table_end(object.options));
  }
  spread(object.name, object.options);
  for (const auto& column : object.columns) {
    for (auto& text : column_settings(column)) action(object.name, std::move(text));
    if (column.identity && column.identity->kind == Identity::Kind::serial) {
      const auto options = alter_options({}, column.type, column.identity->sequence, column.type);
      auto made = column;
      made.declared.spelling.clear();
      if (!options.empty()) statement("ALTER SEQUENCE " + sequence_name(made, object.name) + options);
    }
    restore_sequence_name(object.name, column);
  }
  for (const auto& index : object.indexes) create_index(object.name, index);
  for (const auto& check : object.checks) {
    if (check.not_valid) action(object.name, "ADD " + constraint_sql(check));
  }
  for (const auto& key : object.foreign_keys) {
    if (waits(key)) action(object.name, "ADD " + constraint_sql(key));
  }
  Options rest;
  for (const auto& [key, value] : object.options) {
    if (key == "row_security" || key == "force_row_security" || key == "replica_identity") rest[key] = value;
  }
  alter_table_options(object.name, {}, rest);
  comment(object.name, "TABLE " + name, "", object.comment);
  for (const auto& column : object.columns) comment(object.name, "COLUMN " + name + "." + quote_name(column.name), "", column.comment);
  const auto on_constraint = [&](const std::string& constraint, const std::string& text) {
    comment(object.name, "CONSTRAINT " + quote_name(constraint) + " ON " + name, "", text);
  };
  if (object.primary_key) on_constraint(primary_key_name(*object.primary_key, object.name), object.primary_key->comment);
  for (const auto& part : object.uniques) on_constraint(part.name, part.comment);
  for (const auto& part : object.checks) on_constraint(part.name, part.comment);
  for (const auto& part : object.exclusions) on_constraint(part.name, part.comment);
  for (const auto& part : object.foreign_keys) on_constraint(part.name, part.comment);
  const auto cluster_on = [&](const std::string& index, const Options& options) {
    if (option(options, "clustered") == "true") action(object.name, "CLUSTER ON " + quote_name(index));
  };
  if (object.primary_key) cluster_on(primary_key_name(*object.primary_key, object.name), object.primary_key->options);
  for (const auto& part : object.uniques) cluster_on(part.name, part.options);
  give_back({.kind = ObjectId::Kind::relation, .name = object.name, .part = {}}, name, [&](const std::string& column) { return find_named(object.columns, column) != nullptr; });
}

void Renderer::render(const Drop<Table>& operation) { statement("DROP TABLE " + quote_name(operation.object.name)); }

void Renderer::alter_table_options(const QualifiedName& name, const Options& before, const Options& after) {
  const auto changed = [&](const std::string& key) { return option(before, key) != option(after, key); };
  if (changed("partition_of") || changed("partition_bound")) {
    if (const auto parent = option(before, "partition_of"); !parent.empty()) {
      statement("ALTER TABLE " + quote_name(parse_name(parent)) + " DETACH PARTITION " + quote_name(name));
    }
    if (const auto parent = option(after, "partition_of"); !parent.empty()) {
      statement("ALTER TABLE " + quote_name(parse_name(parent)) + " ATTACH PARTITION " + quote_name(name) + " " + option(after, "partition_bound"));
    }
  }
  for (const auto* fixed : {"partition_by"}) {
    if (changed(fixed)) {
      throw Error{ErrorKind::usage,
                  "cannot change " + std::string(fixed) + " of table " + name.text() + ": PostgreSQL partitions a table when it is created only",
                  "write a revision by hand that makes a new table and moves the rows"};
    }
  }
  const auto set = with_parameters(after);
  const auto old = with_parameters(before);
  std::vector<std::string> changed_parameters;
  std::vector<std::string> reset;
  for (const auto& [key, value] : set) {
    const auto it = old.find(key);
    if (it == old.end() || it->second != value) changed_parameters.push_back(parameter_name(key) + " = " + parameter_value(value));
  }
  for (const auto& [key, value] : old) {
    if (set.count(key) == 0) reset.push_back(parameter_name(key));
  }
  if (!changed_parameters.empty()) action(name, "SET (" + join(changed_parameters, ", ") + ")");
  if (!reset.empty()) action(name, "RESET (" + join(reset, ", ") + ")");
  if (changed("row_security")) action(name, option(after, "row_security").empty() ? "DISABLE ROW LEVEL SECURITY" : "ENABLE ROW LEVEL SECURITY");
  if (changed("force_row_security")) {
    action(name, option(after, "force_row_security").empty() ? "NO FORCE ROW LEVEL SECURITY" : "FORCE ROW LEVEL SECURITY");
  }
  if (changed("replica_identity")) action(name, replica_identity(option(after, "replica_identity")));
  const auto parents_before = parents_of(before);
  const auto parents_after = parents_of(after);
  const auto has = [](const std::vector<QualifiedName>& list, const QualifiedName& item) {
    return std::find(list.begin(), list.end(), item) != list.end();
  };
  for (const auto& parent : parents_before) {
    if (!has(parents_after, parent)) statement("ALTER TABLE " + quote_name(name) + " NO INHERIT " + quote_name(parent));
  }
  for (const auto& parent : parents_after) {
    if (!has(parents_before, parent)) statement("ALTER TABLE " + quote_name(name) + " INHERIT " + quote_name(parent));
  }
  if (changed("unlogged")) statement("ALTER TABLE " + quote_name(name) + (option(after, "unlogged").empty() ? " SET LOGGED" : " SET UNLOGGED"));
  change_spread(name, before, after);
  if (changed("access_method")) set_access_method("TABLE", name, option(after, "access_method"));
  if (changed("tablespace")) {
    const auto tablespace = option(after, "tablespace");
    statement("ALTER TABLE " + quote_name(name) + " SET TABLESPACE " + quote_name(tablespace.empty() ? "pg_default" : tablespace));
  }
}

void Renderer::set_access_method(const std::string& kind, const QualifiedName& name, const std::string& method) {
  if (!at_least(15)) {
    throw Error{ErrorKind::usage, "cannot change the access method of " + lower(kind) + " " + name.text() + ": PostgreSQL can since version 15",
                "write a revision by hand that makes a new one and moves the rows"};
  }
  statement("ALTER " + kind + " " + quote_name(name) + " SET ACCESS METHOD " + quote_name(method.empty() ? "heap" : method));
}

void Renderer::render(const Alter<Table>& operation) {
  alter_table_options(operation.after.name, operation.before.options, operation.after.options);
  comment(operation.after.name, "TABLE " + quote_name(operation.after.name), operation.before.comment, operation.after.comment);
}

/// The server keeps the old name of the sequence behind a serial. A table that was made under the new name would have
/// the new one: names that come from the table follow it.
void Renderer::rename_serial_sequences(const Table& before, const QualifiedName& to) {
  for (const auto& column : before.columns) {
    if (!column.identity || column.declared.spelling.count("sequence") != 0) continue;
    const auto old = object_name(before.name.name, column.name, "seq");
    const auto now = object_name(to.name, column.name, "seq");
    if (old != now) statement("ALTER SEQUENCE " + quote_name({to.schema, old}) + " RENAME TO " + quote_name(now));
  }
}

void Renderer::render(const Rename<Table>& operation) {
  const auto& [from, to] = std::tie(operation.from, operation.to);
  rename("TABLE", from, to);
  if (const auto* before = table(from)) rename_serial_sequences(*before, to);
}

void Renderer::render(const ReorderColumns& operation) {
  throw Error{ErrorKind::usage, "cannot put the columns of table " + operation.table.text() + " into another order: PostgreSQL has no way to do it",
              "leave the order to the database (remove 'order: strict' from the model)"};
}

/// OWNED BY waits for the column, which may need the sequence for its default.
void Renderer::adopt_sequences() {
  std::vector<Sequence> waiting;
  for (auto& sequence : unowned_) {
    const auto dot = sequence.owned_by.rfind('.');
    const auto owner = sequence.owned_by.substr(0, dot);
    const auto column = sequence.owned_by.substr(dot + 1);
    const Table* found = nullptr;
    for (const auto& candidate : state_.tables) {
      if (candidate.name.text() == owner) found = &candidate;
    }
    if (found == nullptr || find_named(found->columns, column) == nullptr) {
      waiting.push_back(std::move(sequence));
      continue;
    }
    statement("ALTER SEQUENCE " + quote_name(sequence.name) + " OWNED BY " + quote_name(found->name) + "." + quote_name(column));
  }
  unowned_ = std::move(waiting);
}

}  // namespace migrate::postgresql
