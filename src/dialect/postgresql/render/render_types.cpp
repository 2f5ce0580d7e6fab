/// Enums and domains.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/routines.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

bool holds(const std::vector<std::string>& values, const std::string& value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

/// Every SQL text and default that an operation brings into the database.
struct Texts {
  std::vector<std::string> sql;
  std::vector<std::string> literals;

  void add(const std::optional<Default>& value) {
    if (value) (value->expression ? sql : literals).push_back(value->text);
  }
  void add(const Column& column) {
    add(column.default_value);
    if (column.generated) sql.push_back(column.generated->expression);
    sql.push_back(column.declared.backfill);
    sql.push_back(column.declared.cast);
    literals.push_back(column.declared.backfill);
  }
  void add(const Check& check) { sql.push_back(check.expression); }
  void add(const Exclusion& exclusion) { sql.push_back(exclusion.definition); }
  void add(const Index& index) {
    sql.push_back(index.where);
    for (const auto& part : index.parts) sql.push_back(part.expression);
  }
  void add(const Policy& policy) {
    sql.push_back(policy.using_expression);
    sql.push_back(policy.check_expression);
  }
  void add(const Trigger& trigger) { sql.push_back(trigger.definition); }
  void add(const View& view) {
    sql.push_back(view.definition);
    for (const auto& index : view.indexes) add(index);
  }
  void add(const Routine& routine) { sql.push_back(routine.definition); }
  void add(const Definition&) {}
  void add(const Domain& domain) {
    add(domain.default_value);
    for (const auto& check : domain.checks) add(check);
  }
  void add(const Table& table) {
    for (const auto& column : table.columns) add(column);
    for (const auto& check : table.checks) add(check);
    for (const auto& exclusion : table.exclusions) add(exclusion);
    for (const auto& index : table.indexes) add(index);
    sql.push_back(option(table.options, "partition_by"));
  }
  template <class T>
  void add(const T&) {}
};

Texts texts_of(const Operation& operation) {
  Texts texts;
  std::visit(overloaded{[&]<class T>(const Create<T>& op) { texts.add(op.object); },
                        [&]<class T>(const Alter<T>& op) { texts.add(op.after); },
                        [&]<class T>(const Add<T>& op) { texts.add(op.object); },
                        [&]<class T>(const Change<T>& op) { texts.add(op.after); },
                        [&](const Sql& op) { texts.sql.push_back(op.text); }, [](const auto&) {}},
             operation);
  return texts;
}

/// 'old'::status in an expression becomes 'new'::status.
std::string with_renamed_values(std::string sql, const std::map<std::string, std::string>& renames) {
  for (const auto& [before, after] : renames) sql = replace_all(std::move(sql), quote_text(before) + "::", quote_text(after) + "::");
  return sql;
}

bool of_type(const Column& column, const QualifiedName& type) { return element_type(column.type) == type.text(); }

}  // namespace

void Renderer::render(const Create<EnumType>& operation) {
  statement(enum_sql(operation.object));
  comment(operation.object.name, "TYPE " + quote_name(operation.object.name), "", operation.object.comment);
  give_back({.kind = ObjectId::Kind::type, .name = operation.object.name, .part = {}}, quote_name(operation.object.name));
}

void Renderer::render(const Drop<EnumType>& operation) { statement("DROP TYPE " + quote_name(operation.object.name)); }
void Renderer::render(const Rename<EnumType>& operation) { rename("TYPE", operation.from, operation.to); }

/// A value that ALTER TYPE ADD VALUE made cannot be used before the transaction commits.
bool Renderer::used_later(const EnumType& type, const std::vector<std::string>& values) const {
  static_cast<void>(type);
  for (std::size_t i = at_ + 1; i < operations_.size(); ++i) {
    const auto texts = texts_of(operations_[i]);
    for (const auto& value : values) {
      if (holds(texts.literals, value)) return true;
      const auto quoted = quote_text(value);
      for (const auto& sql : texts.sql) {
        if (sql.find(quoted) != std::string::npos || (!value.empty() && sql.find("{") != std::string::npos && sql.find(value) != std::string::npos)) {
          return true;
        }
      }
    }
  }
  return false;
}

void Renderer::render(const Alter<EnumType>& operation) {
  const auto& before = operation.before;
  const auto& after = operation.after;
  const auto name = quote_name(after.name);
  auto values = before.values;
  Renames renames;
  for (const auto& [now, was] : after.declared.value_renames) {
    if (now != was && holds(values, was) && holds(after.values, now)) renames[was] = now;
  }
  // Names that change places cannot take each other's directly.
  const bool crossing = std::any_of(renames.begin(), renames.end(), [&](const auto& pair) { return holds(before.values, pair.second); });
  for (auto& value : values) {
    if (const auto it = renames.find(value); it != renames.end()) {
      if (crossing) statement("ALTER TYPE " + name + " RENAME VALUE " + quote_text(value) + " TO " + quote_text("migrate: " + it->second));
      if (!crossing) statement("ALTER TYPE " + name + " RENAME VALUE " + quote_text(value) + " TO " + quote_text(it->second));
      value = it->second;
    }
  }
  if (crossing) {
    for (const auto& [was, now] : renames) {
      statement("ALTER TYPE " + name + " RENAME VALUE " + quote_text("migrate: " + now) + " TO " + quote_text(now));
    }
  }
  std::vector<std::string> kept;
  std::vector<std::string> added;
  for (const auto& value : after.values) (holds(values, value) ? kept : added).push_back(value);
  if (kept != values || (!added.empty() && used_later(after, added))) {
    replace_type(after.name, enum_sql(after), renames);
  } else {
    for (std::size_t i = 0; i < after.values.size(); ++i) {
      if (!holds(added, after.values[i])) continue;
      std::string place;
      // Behind its neighbour, which exists by now; the first one stands before the first old value.
      if (i > 0 && i + 1 < after.values.size()) place = " AFTER " + quote_text(after.values[i - 1]);
      if (i == 0 && !values.empty()) place = " BEFORE " + quote_text(values[0]);
      statement("ALTER TYPE " + name + " ADD VALUE " + quote_text(after.values[i]) + place);
    }
  }
  comment(after.name, "TYPE " + name, before.comment, after.comment);
}

void Renderer::convert_columns(const QualifiedName& type, const Renames& renames) {
  for (const auto& owner : state_.tables) {
    std::vector<std::string> words;
    for (const auto& column : owner.columns) {
      if (of_type(column, type) && !parent_has(owner.name, column.name)) words.push_back(column.name);
    }
    const bool columns = !words.empty();
    words.push_back(type.name);
    auto dependents = drop_dependents(owner, words, Scope::words);
    for (const auto& column : owner.columns) {
      if (!columns || !of_type(column, type) || column.generated || parent_has(owner.name, column.name)) continue;
      const auto start = "ALTER COLUMN " + quote_name(column.name) + " ";
      auto value = column.default_value;
      if (value) {
        action(owner.name, start + "DROP DEFAULT");
        if (const auto it = renames.find(value->text); it != renames.end()) value->text = it->second;
        if (value->expression) value->text = with_renamed_values(value->text, renames);
        // A default that a later operation changes may be a value that is no more.
        if (object_touched_later<Table>(owner.name)) value.reset();  // it goes
        if (const auto later = later_column(owner.name, column.name)) value = *later ? (*later)->default_value : std::nullopt;
      }
      action(owner.name, start + "TYPE " + type_sql(column.type) + " USING " + quote_name(column.name) +
                             (is_array(column.type) ? "::text[]::" : "::text::") + type_sql(column.type));
      if (value) {
        auto now = column;
        now.default_value = value;
        action(owner.name, start + "SET DEFAULT " + column_default_sql(now));
      }
    }
    for (auto& check : dependents.checks) check.expression = with_renamed_values(check.expression, renames);
    for (auto& index : dependents.indexes) index.where = with_renamed_values(index.where, renames);
    for (auto& policy : dependents.policies) {
      policy.using_expression = with_renamed_values(policy.using_expression, renames);
      policy.check_expression = with_renamed_values(policy.check_expression, renames);
    }
    for (auto& trigger : dependents.triggers) trigger.definition = with_renamed_values(trigger.definition, renames);
    for (auto& column : dependents.generated) column.generated->expression = with_renamed_values(column.generated->expression, renames);
    restore_dependents(dependents);
  }
}

bool Renderer::has_columns_of(const QualifiedName& type) const {
  return std::any_of(state_.tables.begin(), state_.tables.end(), [&](const Table& owner) {
    return std::any_of(owner.columns.begin(), owner.columns.end(), [&](const Column& column) { return of_type(column, type); });
  });
}

void Renderer::replace_types_over(const QualifiedName& name, const Renames& renames) {
  for (const auto& domain : state_.domains) {
    if (element_type(domain.type) == name.text()) replace_type(domain.name, domain_sql(domain), renames);
  }
  for (const auto& definition : state_.definitions) {
    if (definition.kind == "type" && definition.name != name && mentions(definition.definition, name.name)) {
      replace_type(definition.name, definition.definition, renames);
    }
  }
}

/// A type that cannot change in place: the new one takes the name, every column moves over, the old one goes.
void Renderer::replace_type(const QualifiedName& name, const std::string& create, const Renames& renames) {
  std::vector<std::string> tables;
  for (const auto& owner : state_.tables) {
    if (std::any_of(owner.columns.begin(), owner.columns.end(), [&](const Column& column) { return of_type(column, name); })) {
      tables.push_back(owner.name.name);
    }
  }
  tables.push_back(name.name);
  auto views = drop_views_on(tables);
  std::vector<Routine> routines;
  for (const auto& routine : state_.routines) {
    if (!mentions(routine_signature(routine.definition), name.name)) continue;
    if (gone_.count(gone_key("routine", routine.name, routine.arguments)) != 0) continue;
    statement("DROP " + routine_sql(routine));
    const bool later = object_touched_later<Routine>(routine.name);
    if (later) gone_.insert(gone_key("routine", routine.name, routine.arguments));
    if (!later) routines.push_back(routine);
  }
  const QualifiedName old{name.schema, cut_name(name.name.substr(0, longest_name - 5)) + "__old"};
  statement("ALTER TYPE " + quote_name(name) + " RENAME TO " + quote_name(old.name));
  statement(create);
  give_back({.kind = ObjectId::Kind::type, .name = name, .part = {}}, quote_name(name));
  convert_columns(name, renames);
  replace_types_over(name, renames);
  statement("DROP TYPE " + quote_name(old));
  for (const auto& routine : routines) create_routine(routine);
  for (auto& view : views) view.definition = with_renamed_values(view.definition, renames);
  restore_views(views);
  // The comment of the type went with the old one.
  std::string comment_before;
  if (const auto* type = find_named(state_.enums, name)) comment_before = type->comment;
  if (const auto* domain = find_named(state_.domains, name)) comment_before = domain->comment;
  if (const auto* definition = find_named(state_.definitions, name)) comment_before = definition->comment;
  if (!comment_before.empty()) comment(name, "TYPE " + quote_name(name), "", comment_before);
}

// ---- domains ---------------------------------------------------------------------------------------------------

void Renderer::render(const Create<Domain>& operation) {
  const auto& domain = operation.object;
  statement(domain_sql(domain));
  for (const auto& check : domain.checks) {
    if (check.not_valid) statement("ALTER DOMAIN " + quote_name(domain.name) + " ADD " + constraint_sql(check));
    comment(domain.name, "CONSTRAINT " + quote_name(check.name) + " ON DOMAIN " + quote_name(domain.name), "", check.comment);
  }
  comment(domain.name, "DOMAIN " + quote_name(domain.name), "", domain.comment);
  give_back({.kind = ObjectId::Kind::type, .name = domain.name, .part = {}}, quote_name(domain.name));
}

void Renderer::render(const Drop<Domain>& operation) { statement("DROP DOMAIN " + quote_name(operation.object.name)); }
void Renderer::render(const Rename<Domain>& operation) { rename("DOMAIN", operation.from, operation.to); }

void Renderer::render(const Alter<Domain>& operation) {
  const auto& before = operation.before;
  const auto& after = operation.after;
  const auto start = "ALTER DOMAIN " + quote_name(after.name) + " ";
  if (before.type != after.type || before.collation != after.collation) {
    replace_type(after.name, domain_sql(after), {});
  } else {
    if (before.default_value != after.default_value) {
      statement(start + (after.default_value ? "SET DEFAULT " + default_sql(*after.default_value, after.type) : "DROP DEFAULT"));
    }
    for (const auto& check : before.checks) {
      const auto* now = find_named(after.checks, check.name);
      auto valid = check;
      valid.not_valid = false;
      if (now != nullptr && check.not_valid && !now->not_valid && valid.expression == now->expression) {
        statement(start + "VALIDATE CONSTRAINT " + quote_name(check.name));
      } else if (now == nullptr || now->expression != check.expression || now->not_valid != check.not_valid) {
        statement(start + "DROP CONSTRAINT " + quote_name(check.name));
        if (now != nullptr) statement(start + "ADD " + constraint_sql(*now));
      }
    }
    for (const auto& check : after.checks) {
      if (find_named(before.checks, check.name) == nullptr) statement(start + "ADD " + constraint_sql(check));
    }
    if (before.nullable != after.nullable) statement(start + (after.nullable ? "DROP NOT NULL" : "SET NOT NULL"));
  }
  for (const auto& check : after.checks) {
    const auto* was = find_named(before.checks, check.name);
    comment(after.name, "CONSTRAINT " + quote_name(check.name) + " ON DOMAIN " + quote_name(after.name), was == nullptr ? "" : was->comment,
            check.comment);
  }
  comment(after.name, "DOMAIN " + quote_name(after.name), before.comment, after.comment);
}

}  // namespace migrate::postgresql
