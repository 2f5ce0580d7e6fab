// Rules about indexes and constraints: what can be built or validated without keeping everybody out.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

using lint::Context;
using lint::Findings;
using lint::Fix;
using lint::Rule;
using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

bool is_partitioned(const Context& context, const QualifiedName& name) {
  const auto* table = context.table(name);
  return table != nullptr && table->options.contains("partition_by");
}

/// The name that the server would choose.
std::string default_name(const QualifiedName& table, const std::vector<std::string>& columns, const std::string& tail) {
  auto name = table.name;
  for (const auto& column : columns) name += "_" + column;
  return shorten_name(name + "_" + tail);
}

std::string normal(std::string_view sql) { return normalize_sql(sql, lexical_rules()); }

/// The same ADD COLUMN without one of its constraints.
std::string without_part(const Context& context, const Action& action, const Constraint& constraint) {
  std::string text(context.text({action.range.begin, constraint.range.begin}));
  const auto rest = context.text({constraint.range.end, action.range.end});
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
  return text + std::string(rest);
}

/// The constraints that an ALTER TABLE adds to a table that is in use, with what is left of their action without them.
struct Added {
  const Action* action = nullptr;
  const Constraint* constraint = nullptr;
  std::string rest;  ///< the action without the constraint; "" when the constraint is all of it
};

std::vector<Added> added_constraints(const Context& context) {
  std::vector<Added> found;
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || context.small(statement.name)) return found;
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_constraint) found.push_back({&action, &action.constraint, ""});
    if (action.kind != Action::Kind::add_column) continue;
    for (const auto& constraint : action.column.constraints) found.push_back({&action, &constraint, without_part(context, action, constraint)});
  }
  return found;
}

/// The statement without the constraint, when something is left of it.
std::vector<std::string> rest_of(const Context& context, const Added& added) {
  const auto text = context.with_action(*added.action, added.rest);
  return text.empty() ? std::vector<std::string>{} : std::vector<std::string>{text};
}

std::string list_of(const std::vector<std::string>& names) { return "(" + quote_names(names) + ")"; }

/// The clause of a constraint from its kind on, without its name.
std::string body_of(const Context& context, const Constraint& constraint) {
  const auto text = context.text(constraint.range);
  const auto tokens = tokenize(text, lexical_rules());
  const std::size_t skip = !tokens.empty() && tokens[0].is("CONSTRAINT") && tokens.size() > 2 ? tokens[2].offset : 0;
  auto body = std::string(text.substr(skip));
  if (constraint.of_column && constraint.kind == Constraint::Kind::foreign_key) body = "FOREIGN KEY " + list_of(constraint.columns) + " " + body;
  return body;
}

/// The constraint added NOT VALID, and validated outside of the transaction.
Fix validated_later(const Context& context, const Added& added, const std::string& name) {
  Fix fix;
  fix.statements = rest_of(context, added);
  fix.statements.push_back(context.only_action("ADD CONSTRAINT " + quote_name(name) + " " + body_of(context, *added.constraint) + " NOT VALID"));
  fix.later = {context.only_action("VALIDATE CONSTRAINT " + quote_name(name))};
  return fix;
}

}  // namespace

void check_index(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::create_index || statement.concurrently || statement.index.only || context.small(statement.name)) return;
  auto& finding = report(context, rule, findings, "CREATE INDEX locks " + context.shown(statement.name) + " against all writes (SHARE lock) until the index is built.");
  if (is_partitioned(context, statement.name)) {
    finding.hint = "a partitioned table takes no CONCURRENTLY: create the index ON ONLY the parent, CONCURRENTLY on each partition, and attach them";
    return;
  }
  std::string name = statement.object;
  std::string sql(context.sql());
  std::string insert = " CONCURRENTLY";
  if (name.empty()) {
    name = default_name(statement.name, column_names(statement.index.parts), "idx");
    insert += " " + quote_name(name);
  }
  sql.insert(statement.on.begin, insert);
  Fix fix;
  fix.later = {sql};
  fix.undo_later = {"DROP INDEX CONCURRENTLY IF EXISTS " + quote_name(QualifiedName{statement.name.schema, name})};
  fix.moved = name;
  fix.unique = statement.index.unique;
  finding.fix = std::move(fix);
}

void check_drop_index(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::drop_index || statement.concurrently || statement.cascade) return;
  QualifiedName table;
  for (const auto& other : context.state.tables) {
    if (find_named(other.indexes, statement.object) != nullptr) table = other.name;
  }
  const bool created_here = std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(context.at), [&](const auto& item) {
    return item.parsed.verb == Verb::create_index && item.parsed.object == statement.object;
  });
  if (created_here || (!table.name.empty() && context.small(table)) || (table.name.empty() && context.facts.connected)) return;
  auto& finding = report(context, rule, findings, "DROP INDEX waits for an ACCESS EXCLUSIVE lock on its table: every query behind it waits too.");
  if (statement.names.size() != 1 || (!table.name.empty() && is_partitioned(context, table))) return;
  Fix fix;
  std::string sql(context.sql());
  sql.insert(statement.on.begin, " CONCURRENTLY");
  fix.later = {sql};
  finding.fix = std::move(fix);
}

void check_foreign_key(const Context& context, const Rule& rule, Findings& findings) {
  for (const auto& added : added_constraints(context)) {
    const auto& key = *added.constraint;
    if (key.kind != Constraint::Kind::foreign_key || key.not_valid) continue;
    // A new column without a default holds nothing that could be checked.
    if (key.of_column && (!added.action->column.default_sql || upper(*added.action->column.default_sql) == "NULL")) continue;
    const auto& table = context.parsed().name;
    auto& finding = report(context, rule, findings,
                           "Adding the foreign key reads all of " + context.shown(table) + " while writes to it and to " + key.references.text() + " wait (SHARE ROW EXCLUSIVE lock).");
    if (is_partitioned(context, table)) {
      finding.hint = "a partitioned table takes no NOT VALID foreign key: add it to each partition first";
      continue;
    }
    const auto name = key.name.empty() ? default_name(table, key.columns, "fkey") : key.name;
    finding.fix = validated_later(context, added, name);
  }
}

void check_check(const Context& context, const Rule& rule, Findings& findings) {
  for (const auto& added : added_constraints(context)) {
    const auto& check = *added.constraint;
    if (check.kind != Constraint::Kind::check || check.not_valid) continue;
    const auto& table = context.parsed().name;
    auto& finding = report(context, rule, findings, "Adding the check reads all of " + context.shown(table) + " under an ACCESS EXCLUSIVE lock: no query gets in.");
    const auto name = check.name.empty() ? default_name(table, check.of_column ? check.columns : std::vector<std::string>{}, "check") : check.name;
    finding.fix = validated_later(context, added, name);
  }
}

void check_unique(const Context& context, const Rule& rule, Findings& findings) {
  for (const auto& added : added_constraints(context)) {
    const auto& key = *added.constraint;
    const bool primary = key.kind == Constraint::Kind::primary_key;
    if ((!primary && key.kind != Constraint::Kind::unique) || !key.using_index.empty()) continue;
    const auto& table = context.parsed().name;
    auto& finding = report(context, rule, findings,
                           std::string("Adding the ") + (primary ? "primary key" : "unique constraint") + " builds its index under an ACCESS EXCLUSIVE lock on " + context.shown(table) + ".");
    const std::string keyword = primary ? "PRIMARY KEY" : "UNIQUE";
    const bool simple = key.plain && !is_partitioned(context, table) &&
                        (key.of_column || normal(body_of(context, key)) == normal(keyword + " " + list_of(key.columns)));
    if (!simple) {
      finding.hint = "build a unique index CONCURRENTLY first, then ADD CONSTRAINT ... " + keyword + " USING INDEX";
      continue;
    }
    const auto name = key.name.empty() ? default_name(table, primary ? std::vector<std::string>{} : key.columns, primary ? "pkey" : "key") : key.name;
    Fix fix;
    fix.statements = rest_of(context, added);
    fix.later = {"CREATE UNIQUE INDEX CONCURRENTLY " + quote_name(name) + " ON " + quote_name(table) + " " + list_of(key.columns),
                 "ALTER TABLE " + quote_name(table) + " ADD CONSTRAINT " + quote_name(name) + " " + keyword + " USING INDEX " + quote_name(name)};
    fix.undo_later = {"ALTER TABLE " + quote_name(table) + " DROP CONSTRAINT IF EXISTS " + quote_name(name)};
    fix.moved = name;
    fix.unique = true;
    finding.fix = std::move(fix);
  }
}

void check_exclusion(const Context& context, const Rule& rule, Findings& findings) {
  for (const auto& added : added_constraints(context)) {
    if (added.constraint->kind != Constraint::Kind::exclude) continue;
    auto& finding = report(context, rule, findings, "Adding the exclusion constraint builds its index under an ACCESS EXCLUSIVE lock on " + context.shown(context.parsed().name) + ".");
    finding.hint = "PostgreSQL has no way around it: run it when nobody needs the table";
  }
}

void check_not_null(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (context.small(statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::set_not_null)) {
    const auto* column = context.column(statement.name, action.name);
    if (column != nullptr && !column->nullable) continue;
    const auto* table = context.table(statement.name);
    const bool proves = context.facts.version == 0 || context.facts.version >= 120000;
    const auto wanted = normal(quote_name(action.name) + " IS NOT NULL");
    if (proves && table != nullptr &&
        std::any_of(table->checks.begin(), table->checks.end(), [&](const Check& check) { return !check.not_valid && normal(check.expression) == wanted; })) {
      continue;
    }
    auto& finding = report(context, rule, findings, "SET NOT NULL reads all of " + context.shown(statement.name) + " under an ACCESS EXCLUSIVE lock to look for NULLs.");
    if (!proves) {
      finding.hint = "PostgreSQL before 12 cannot use a validated check: keep the check (" + action.name + " IS NOT NULL) in place of NOT NULL";
      continue;
    }
    const auto name = default_name(statement.name, {action.name}, "not_null");
    const auto alter = "ALTER TABLE " + quote_name(statement.name) + " ";
    const auto add = alter + "ADD CONSTRAINT " + quote_name(name) + " CHECK (" + quote_name(action.name) + " IS NOT NULL) NOT VALID";
    Fix fix;
    if (auto rest = context.with_action(action, ""); !rest.empty()) fix.statements.push_back(std::move(rest));
    fix.statements.push_back(add);
    fix.later = {alter + "VALIDATE CONSTRAINT " + quote_name(name), alter + "ALTER COLUMN " + quote_name(action.name) + " SET NOT NULL",
                 alter + "DROP CONSTRAINT " + quote_name(name)};
    fix.undo = {alter + "DROP CONSTRAINT IF EXISTS " + quote_name(name)};
    fix.undo_later = {add, alter + "ALTER COLUMN " + quote_name(action.name) + " DROP NOT NULL"};
    finding.fix = std::move(fix);
  }
}

void check_validate(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (!context.transaction || context.small(statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::validate_constraint)) {
    const bool added_here = std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(context.at) + 1, [&](const auto& item) {
      return std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(), [&](const Action& other) {
        return other.kind == Action::Kind::add_constraint && other.constraint.not_valid && other.name == action.name;
      });
    });
    if (!added_here) continue;
    auto& finding = report(context, rule, findings,
                           "The lock that ADD CONSTRAINT took is held until the transaction ends, so that " + context.shown(statement.name) + " is validated under it.");
    Fix fix;
    if (auto rest = context.with_action(action, ""); !rest.empty()) fix.statements.push_back(std::move(rest));
    fix.later = {context.only_action("VALIDATE CONSTRAINT " + quote_name(action.name))};
    finding.fix = std::move(fix);
  }
}

void check_attach(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  for (const Action& action : context.altered(Action::Kind::attach_partition)) {
    if (context.small(action.other)) continue;
    const auto* partition = context.table(action.other);
    if (partition != nullptr && std::any_of(partition->checks.begin(), partition->checks.end(), [](const Check& check) { return !check.not_valid; })) continue;
    auto& finding = report(context, rule, findings, "ATTACH PARTITION reads all of " + context.shown(action.other) + " under an ACCESS EXCLUSIVE lock to prove that its rows fit.");
    const auto* parent = context.table(statement.name);
    const auto key = parent == nullptr ? std::string() : lower(parent->options.contains("partition_by") ? parent->options.at("partition_by") : "");
    const auto bound = tokenize(action.expression, lexical_rules());
    const bool simple = key.starts_with("range") && key.find(',') == std::string::npos && bound.size() == 10 && bound[2].is("FROM") && bound[6].is("TO");
    if (!simple) {
      finding.hint = "add a validated CHECK that says what FOR VALUES says first (ADD CONSTRAINT ... CHECK (...) NOT VALID; VALIDATE CONSTRAINT), attach, then drop it";
      continue;
    }
    const auto open = key.find('(');
    const auto column = std::string(trim(std::string_view(key).substr(open + 1, key.rfind(')') - open - 1)));
    const auto name = default_name(action.other, {}, "bound");
    const auto alter = "ALTER TABLE " + quote_name(action.other) + " ";
    Fix fix;
    fix.statements = {alter + "ADD CONSTRAINT " + quote_name(name) + " CHECK (" + column + " IS NOT NULL AND " + column + " >= " + std::string(bound[4].text) + " AND " + column +
                      " < " + std::string(bound[8].text) + ") NOT VALID"};
    fix.later = {alter + "VALIDATE CONSTRAINT " + quote_name(name), std::string(context.sql()), alter + "DROP CONSTRAINT " + quote_name(name)};
    fix.automatic = !context.transaction;
    finding.fix = std::move(fix);
  }
}

}  // namespace migrate::postgresql
