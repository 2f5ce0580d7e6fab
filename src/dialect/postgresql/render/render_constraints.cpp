#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/render/render.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

template <class T>
const std::string& name_in(const T& object, const QualifiedName&) { return object.name; }
std::string name_in(const PrimaryKey& key, const QualifiedName& table) { return primary_key_name(key, table); }

/// Equal but for the comment.
template <class T>
bool same_but_comment(T before, const T& after) {
  before.comment = after.comment;
  return before == after;
}

}  // namespace

template <class T>
void Renderer::add_constraint(const QualifiedName& table, const T& object) {
  action(table, "ADD " + constraint_sql(object));
  comment(table, "CONSTRAINT " + quote_name(name_in(object, table)) + " ON " + quote_name(table), "", object.comment);
}

template <class T>
void Renderer::drop_constraint(const QualifiedName& table, const T& object) {
  const std::string name = name_in(object, table);
  if (!was_dropped("constraint", table, name)) action(table, "DROP CONSTRAINT " + quote_name(name));
}

template <class T>
void Renderer::rename_constraint(const RenamePart<T>& operation) {
  rename_part(operation.table, operation.from, operation.to, [table = quote_name(operation.table)](const std::string& from, const std::string& to) {
    return "ALTER TABLE " + table + " RENAME CONSTRAINT " + quote_name(from) + " TO " + quote_name(to);
  });
}

// ---- keys ------------------------------------------------------------------------------------------------------

void Renderer::render(const Add<PrimaryKey>& operation) { add_constraint(operation.table, operation.object); }

void Renderer::render(const Remove<PrimaryKey>& operation) {
  suspend_foreign_keys(operation.table, column_names(operation.object.parts), true);
  drop_constraint(operation.table, operation.object);
}

void Renderer::render(const Change<PrimaryKey>& operation) {
  const auto name = primary_key_name(operation.before, operation.table);
  if (same_but_comment(operation.before, operation.after)) {
    comment(operation.table, "CONSTRAINT " + quote_name(name) + " ON " + quote_name(operation.table), operation.before.comment,
            operation.after.comment);
    return;
  }
  suspend_foreign_keys(operation.table, column_names(operation.before.parts), true);
  drop_constraint(operation.table, operation.before);
  auto after = operation.after;
  if (after.name.empty()) after.name = operation.before.name;
  add_constraint(operation.table, after);
}

void Renderer::render(const RenamePart<PrimaryKey>& operation) { rename_constraint(operation); }

void Renderer::render(const Add<Unique>& operation) { add_constraint(operation.table, operation.object); }

void Renderer::render(const Remove<Unique>& operation) {
  suspend_foreign_keys(operation.table, column_names(operation.object.parts), true);
  drop_constraint(operation.table, operation.object);
}

void Renderer::render(const Change<Unique>& operation) {
  if (same_but_comment(operation.before, operation.after)) {
    comment(operation.table, "CONSTRAINT " + quote_name(operation.after.name) + " ON " + quote_name(operation.table), operation.before.comment,
            operation.after.comment);
    return;
  }
  suspend_foreign_keys(operation.table, column_names(operation.before.parts), true);
  drop_constraint(operation.table, operation.before);
  add_constraint(operation.table, operation.after);
}

void Renderer::render(const RenamePart<Unique>& operation) { rename_constraint(operation); }

void Renderer::render(const Add<ForeignKey>& operation) { add_constraint(operation.table, operation.object); }
void Renderer::render(const Remove<ForeignKey>& operation) { drop_constraint(operation.table, operation.object); }

void Renderer::render(const Change<ForeignKey>& operation) {
  const auto& [table, before, after] = std::tie(operation.table, operation.before, operation.after);
  auto like_after = before;
  like_after.comment = after.comment;
  like_after.deferrable = after.deferrable;
  like_after.initially_deferred = after.initially_deferred;
  if (before.not_valid && !after.not_valid) like_after.not_valid = false;
  if (like_after == after && gone_.count(gone_key("constraint", table, after.name)) == 0) {
    const auto name = quote_name(after.name);
    if (before.deferrable != after.deferrable || before.initially_deferred != after.initially_deferred) {
      const std::string timing = !after.deferrable ? "NOT DEFERRABLE" : after.initially_deferred ? "DEFERRABLE INITIALLY DEFERRED" : "DEFERRABLE INITIALLY IMMEDIATE";
      action(table, "ALTER CONSTRAINT " + name + " " + timing);
    }
    if (before.not_valid != after.not_valid) action(table, "VALIDATE CONSTRAINT " + name);
    comment(table, "CONSTRAINT " + name + " ON " + quote_name(table), before.comment, after.comment);
    return;
  }
  drop_constraint(table, before);
  add_constraint(table, after);
}

void Renderer::render(const RenamePart<ForeignKey>& operation) { rename_constraint(operation); }

// ---- checks and exclusions -------------------------------------------------------------------------------------

void Renderer::render(const Add<Check>& operation) {
  make_when_typed("constraint", operation.table, operation.object.name, operation.object.expression,
                  [this, operation] { add_constraint(operation.table, operation.object); });
}
void Renderer::render(const Remove<Check>& operation) { drop_constraint(operation.table, operation.object); }

void Renderer::render(const Change<Check>& operation) {
  const auto& [table, before, after] = std::tie(operation.table, operation.before, operation.after);
  auto like_after = before;
  like_after.comment = after.comment;
  if (before.not_valid && !after.not_valid) like_after.not_valid = false;
  if (like_after == after && gone_.count(gone_key("constraint", table, after.name)) == 0) {
    if (before.not_valid != after.not_valid) action(table, "VALIDATE CONSTRAINT " + quote_name(after.name));
    comment(table, "CONSTRAINT " + quote_name(after.name) + " ON " + quote_name(table), before.comment, after.comment);
    return;
  }
  drop_constraint(table, before);
  make_when_typed("constraint", table, after.name, after.expression, [this, operation] { add_constraint(operation.table, operation.after); });
}

void Renderer::render(const RenamePart<Check>& operation) { rename_constraint(operation); }

void Renderer::render(const Add<Exclusion>& operation) {
  make_when_typed("constraint", operation.table, operation.object.name, operation.object.definition,
                  [this, operation] { add_constraint(operation.table, operation.object); });
}
void Renderer::render(const Remove<Exclusion>& operation) { drop_constraint(operation.table, operation.object); }

void Renderer::render(const Change<Exclusion>& operation) {
  if (same_but_comment(operation.before, operation.after)) {
    comment(operation.table, "CONSTRAINT " + quote_name(operation.after.name) + " ON " + quote_name(operation.table), operation.before.comment,
            operation.after.comment);
    return;
  }
  drop_constraint(operation.table, operation.before);
  make_when_typed("constraint", operation.table, operation.after.name, operation.after.definition,
                  [this, operation] { add_constraint(operation.table, operation.after); });
}

void Renderer::render(const RenamePart<Exclusion>& operation) { rename_constraint(operation); }

// ---- indexes ---------------------------------------------------------------------------------------------------

void Renderer::create_index(const QualifiedName& table, const Index& index) {
  statement(index_sql(index, table));
  if (option(index.options, "clustered") == "true") action(table, "CLUSTER ON " + quote_name(index.name));
  comment(table, "INDEX " + quote_name({table.schema, index.name}), "", index.comment);
}

void Renderer::drop_index(const QualifiedName& table, const Index& index) {
  if (!was_dropped("index", table, index.name)) statement("DROP INDEX " + quote_name({table.schema, index.name}));
}

void Renderer::render(const Add<Index>& operation) {
  make_when_typed("index", operation.table, operation.object.name, index_sql(operation.object, operation.table),
                  [this, operation] { create_index(operation.table, operation.object); });
}

void Renderer::render(const Remove<Index>& operation) {
  if (operation.object.unique) suspend_foreign_keys(operation.table, column_names(operation.object.parts), true);
  drop_index(operation.table, operation.object);
}

void Renderer::render(const Change<Index>& operation) {
  const auto& [table, before, after] = std::tie(operation.table, operation.before, operation.after);
  const auto name = quote_name({table.schema, after.name});
  auto like_after = before;
  like_after.comment = after.comment;
  like_after.options = after.options;
  const bool rebuilt = !(like_after == after) || before.options.count("invalid") != after.options.count("invalid") ||
                       gone_.count(gone_key("index", table, after.name)) != 0;
  if (rebuilt) {
    if (before.unique) suspend_foreign_keys(table, column_names(before.parts), true);
    drop_index(table, before);
    make_when_typed("index", table, after.name, index_sql(after, table), [this, operation] { create_index(operation.table, operation.after); });
    return;
  }
  std::vector<std::string> set;
  std::vector<std::string> reset;
  for (const auto& [key, value] : after.options) {
    if (key.starts_with("with.") && option(before.options, key) != value) {
      set.push_back(parameter_name(key.substr(5)) + " = " + parameter_value(value));
    }
  }
  for (const auto& [key, value] : before.options) {
    if (key.starts_with("with.") && after.options.count(key) == 0) reset.push_back(parameter_name(key.substr(5)));
  }
  if (!set.empty()) statement("ALTER INDEX " + name + " SET (" + join(set, ", ") + ")");
  if (!reset.empty()) statement("ALTER INDEX " + name + " RESET (" + join(reset, ", ") + ")");
  if (option(before.options, "tablespace") != option(after.options, "tablespace")) {
    const auto tablespace = option(after.options, "tablespace");
    statement("ALTER INDEX " + name + " SET TABLESPACE " + quote_name(tablespace.empty() ? "pg_default" : tablespace));
  }
  if (option(before.options, "clustered") != option(after.options, "clustered")) {
    action(table, option(after.options, "clustered").empty() ? "SET WITHOUT CLUSTER" : "CLUSTER ON " + quote_name(after.name));
  }
  comment(table, "INDEX " + name, before.comment, after.comment);
}

void Renderer::render(const RenamePart<Index>& operation) {
  statement("ALTER INDEX " + quote_name({operation.table.schema, operation.from}) + " RENAME TO " + quote_name(operation.to));
}

// ---- triggers and policies -------------------------------------------------------------------------------------

void Renderer::create_trigger(const QualifiedName& table, const Trigger& trigger) {
  statement(trigger.definition);
  const auto enabled = option(trigger.options, "enabled");
  if (!enabled.empty()) {
    action(table, (enabled == "disabled" ? "DISABLE TRIGGER " : "ENABLE " + upper(enabled) + " TRIGGER ") + quote_name(trigger.name));
  }
  comment(table, "TRIGGER " + quote_name(trigger.name) + " ON " + quote_name(table), "", trigger.comment);
}

void Renderer::render(const Add<Trigger>& operation) {
  make_when_typed("trigger", operation.table, operation.object.name, operation.object.definition,
                  [this, operation] { create_trigger(operation.table, operation.object); });
}

void Renderer::render(const Remove<Trigger>& operation) {
  if (was_dropped("trigger", operation.table, operation.object.name)) return;
  statement("DROP TRIGGER " + quote_name(operation.object.name) + " ON " + quote_name(operation.table));
}

void Renderer::render(const Change<Trigger>& operation) {
  const auto& [table, before, after] = std::tie(operation.table, operation.before, operation.after);
  const auto name = quote_name(after.name);
  if (before.definition != after.definition || gone_.count(gone_key("trigger", table, after.name)) != 0) {
    if (!was_dropped("trigger", table, before.name)) statement("DROP TRIGGER " + name + " ON " + quote_name(table));
    make_when_typed("trigger", table, after.name, after.definition, [this, operation] { create_trigger(operation.table, operation.after); });
    return;
  }
  const auto enabled = option(after.options, "enabled");
  if (option(before.options, "enabled") != enabled) {
    action(table, (enabled == "disabled" ? "DISABLE TRIGGER " : enabled.empty() ? "ENABLE TRIGGER " : "ENABLE " + upper(enabled) + " TRIGGER ") + name);
  }
  comment(table, "TRIGGER " + name + " ON " + quote_name(table), before.comment, after.comment);
}

void Renderer::render(const RenamePart<Trigger>& operation) {
  statement("ALTER TRIGGER " + quote_name(operation.from) + " ON " + quote_name(operation.table) + " RENAME TO " + quote_name(operation.to));
}

void Renderer::create_policy(const QualifiedName& table, const Policy& policy) {
  statement(policy_sql(policy, table));
  comment(table, "POLICY " + quote_name(policy.name) + " ON " + quote_name(table), "", policy.comment);
}

void Renderer::render(const Add<Policy>& operation) {
  make_when_typed("policy", operation.table, operation.object.name, policy_sql(operation.object, operation.table),
                  [this, operation] { create_policy(operation.table, operation.object); });
}

void Renderer::render(const Remove<Policy>& operation) {
  if (was_dropped("policy", operation.table, operation.object.name)) return;
  statement("DROP POLICY " + quote_name(operation.object.name) + " ON " + quote_name(operation.table));
}

void Renderer::render(const Change<Policy>& operation) {
  const auto& [table, before, after] = std::tie(operation.table, operation.before, operation.after);
  const auto name = quote_name(after.name) + " ON " + quote_name(table);
  // ALTER POLICY changes roles and expressions, and takes none away.
  const bool lost = (!before.using_expression.empty() && after.using_expression.empty()) ||
                    (!before.check_expression.empty() && after.check_expression.empty());
  if (before.command != after.command || before.permissive != after.permissive || lost ||
      gone_.count(gone_key("policy", table, after.name)) != 0) {
    if (!was_dropped("policy", table, before.name)) statement("DROP POLICY " + name);
    make_when_typed("policy", table, after.name, policy_sql(after, table), [this, operation] { create_policy(operation.table, operation.after); });
    return;
  }
  std::string change;
  if (before.roles != after.roles) change += " TO " + (after.roles.empty() ? "public" : quote_names(after.roles));
  if (before.using_expression != after.using_expression) change += " USING (" + after.using_expression + ")";
  if (before.check_expression != after.check_expression) change += " WITH CHECK (" + after.check_expression + ")";
  if (!change.empty()) statement("ALTER POLICY " + name + change);
  comment(table, "POLICY " + name, before.comment, after.comment);
}

void Renderer::render(const RenamePart<Policy>& operation) {
  statement("ALTER POLICY " + quote_name(operation.from) + " ON " + quote_name(operation.table) + " RENAME TO " + quote_name(operation.to));
}

template void Renderer::add_constraint(const QualifiedName&, const PrimaryKey&);
template void Renderer::add_constraint(const QualifiedName&, const Unique&);
template void Renderer::add_constraint(const QualifiedName&, const ForeignKey&);
template void Renderer::add_constraint(const QualifiedName&, const Check&);
template void Renderer::add_constraint(const QualifiedName&, const Exclusion&);
template void Renderer::drop_constraint(const QualifiedName&, const PrimaryKey&);
template void Renderer::drop_constraint(const QualifiedName&, const Unique&);
template void Renderer::drop_constraint(const QualifiedName&, const ForeignKey&);
template void Renderer::drop_constraint(const QualifiedName&, const Check&);
template void Renderer::drop_constraint(const QualifiedName&, const Exclusion&);

}  // namespace migrate::postgresql
