// What ALTER TABLE refuses, and the traps of making a table anew by hand (manual, lang_altertable.html).
#include <algorithm>

#include "core/text.hpp"
#include "dialect/sqlite/lint/lint.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

using lint::Context;
using lint::Findings;
using lint::Fix;
using lint::Rule;
using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

bool same(const Context& context, const QualifiedName& a, const QualifiedName& b) { return lint::key_of(a, context.facts.server) == lint::key_of(b, context.facts.server); }

/// The operation on a table as it is known; nothing when it is not, or not from the database.
std::optional<Fix> rendered(const Context& context, const Operation& operation) {
  const auto* table = context.table(context.parsed().name);
  if (table == nullptr || !context.facts.connected || !table->declared.cast.empty()) return std::nullopt;
  return Fix{.operation = operation};
}

Column column_of(const parsed::Column& from) {
  Column column;
  column.name = from.name;
  column.type = from.type;
  column.nullable = !from.not_null;
  if (from.default_sql) column.default_value = canonical_default(*from.default_sql, from.type, {});
  if (!from.generated.empty()) column.generated = Generated{from.generated, from.stored};
  column.collation = from.collation;
  return column;
}

/// Why ADD COLUMN refuses the column on a table with rows; "" when it takes it.
std::string refusal(const Context& context, const parsed::Column& column) {
  if (column.has(Constraint::Kind::primary_key)) return "a PRIMARY KEY";
  if (column.has(Constraint::Kind::unique)) return "a UNIQUE column";
  if (!column.generated.empty() && column.stored) return "a STORED generated column";
  if (context.fresh(context.parsed().name)) return "";
  if (column.default_sql) {
    const auto text = trim(*column.default_sql);
    const auto word = upper(text);
    if (word == "CURRENT_TIMESTAMP" || word == "CURRENT_TIME" || word == "CURRENT_DATE") return "the default " + word;
    if (text.starts_with("(")) {
      const auto tokens = tokenize(text, lexical_rules());
      const bool constant = std::all_of(tokens.begin(), tokens.end(), [](const Token& token) {
        return token.kind == TokenKind::number || token.kind == TokenKind::string || token.is_symbol("(") || token.is_symbol(")") || token.is_symbol("-") || token.is_symbol("+") || token.is("NULL");
      });
      if (!constant) return "a default that is an expression";
    }
    const bool null = word == "NULL";
    if (!null && column.has(Constraint::Kind::foreign_key)) return "REFERENCES with a default, while foreign keys are on";
  }
  return "";
}

}  // namespace

void check_refused_column(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  for (const Action& action : context.altered(Action::Kind::add_column)) {
    const auto why = refusal(context, action.column);
    if (why.empty()) continue;
    auto& finding = report(context, rule, findings, "SQLite's ADD COLUMN refuses " + why + (why.starts_with("the default") || why.starts_with("a default") ? " on a table with rows." : "."));
    const auto& column = action.column;
    if (why.starts_with("a UNIQUE")) {
      const auto it = std::find_if(column.constraints.begin(), column.constraints.end(), [](const Constraint& item) { return item.kind == Constraint::Kind::unique; });
      auto text = std::string(context.text({action.range.begin, it->range.begin}));
      while (text.ends_with(' ')) text.pop_back();
      text += context.text({it->range.end, action.range.end});
      finding.fix = Fix{.statements = {context.with_action(action, text), "CREATE UNIQUE INDEX " + quote_name("ux_" + statement.name.name + "_" + column.name) + " ON " + quote_name(statement.name.name) + " (" + quote_name(column.name) + ")"}};
      continue;
    }
    if (!column.has(Constraint::Kind::primary_key) && column.constraints.empty()) finding.fix = rendered(context, AddColumn{statement.name, column_of(column)});
    finding.hint = "make the table anew: CREATE TABLE new, INSERT INTO new SELECT, DROP TABLE, RENAME; `migrate revision --autogenerate` writes it";
  }
}

void check_refused_alter(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table) return;
  for (const auto& action : statement.actions) {
    using Kind = Action::Kind;
    const bool known = action.kind == Kind::add_column || action.kind == Kind::drop_column || action.kind == Kind::rename_column || action.kind == Kind::rename_table;
    if (known && statement.actions.size() == 1) continue;
    auto& finding = report(context, rule, findings, known ? "SQLite's ALTER TABLE takes one change at a time." : "SQLite has no such ALTER TABLE: it renames tables and columns, adds columns and drops them.");
    const auto* column = context.column(statement.name, action.name);
    if (known) {
      Fix fix;
      for (const auto& one : statement.actions) fix.statements.push_back(context.only_action(context.text(one.range)));
      finding.fix = std::move(fix);
      return;
    }
    if (column != nullptr) {
      auto after = *column;
      if (action.kind == Kind::set_type) after.type = canonical_type(action.to);
      if (action.kind == Kind::set_not_null) after.nullable = false;
      if (action.kind == Kind::drop_not_null) after.nullable = true;
      if (action.kind == Kind::set_default) after.default_value = canonical_default(action.to, after.type, {});
      if (action.kind == Kind::drop_default) after.default_value.reset();
      if (statement.actions.size() == 1 && after != *column) finding.fix = rendered(context, AlterColumn{statement.name, *column, after});
    }
    finding.hint = "make the table anew: CREATE TABLE new, INSERT INTO new SELECT, DROP TABLE, RENAME; `migrate revision --autogenerate` writes it";
    return;
  }
}

void check_refused_drop(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto* table = context.table(statement.name);
  if (table == nullptr) return;
  for (const Action& action : context.altered(Action::Kind::drop_column)) {
    const auto uses = [&](const std::vector<IndexPart>& parts) {
      return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return equal_ignoring_case(part.column, action.name) || mentions_name(part.expression, action.name); });
    };
    std::string why;
    std::string index_name;
    if (table->primary_key && uses(table->primary_key->parts)) why = "the primary key";
    for (const auto& unique : table->uniques) {
      if (uses(unique.parts)) why = "a UNIQUE constraint";
    }
    for (const auto& index : table->indexes) {
      if (uses(index.parts) || mentions_name(index.where, action.name)) why = "the index " + index.name, index_name = index.name;
    }
    // What stands behind the column itself goes with it; whether it does is known of tables that units make.
    const bool read = !table->declared.cast.empty();
    for (const auto& key : table->foreign_keys) {
      if (key.columns.size() == 1 && (!read || key.declared.generated_name)) continue;
      if (std::any_of(key.columns.begin(), key.columns.end(), [&](const std::string& name) { return equal_ignoring_case(name, action.name); })) why = "a foreign key";
    }
    for (const auto& check : table->checks) {
      if (!read || check.declared.generated_name) continue;
      if (mentions_name(check.expression, action.name)) why = "a check";
    }
    if (why.empty()) continue;
    auto& finding = report(context, rule, findings, "SQLite's DROP COLUMN refuses a column that " + why + " uses.");
    if (!index_name.empty() && why.starts_with("the index")) {
      finding.fix = Fix{.statements = {"DROP INDEX " + quote_name(index_name), std::string(context.sql())}};
    } else if (const auto* column = context.column(statement.name, action.name); column != nullptr && why == "a check") {
      finding.hint = "make the table anew without the column and its check; `migrate revision --autogenerate` writes it";
    } else {
      finding.hint = "make the table anew without it; `migrate revision --autogenerate` writes it";
    }
  }
}

void check_rename_first(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || statement.actions.empty() || statement.actions.front().kind != Action::Kind::rename_table) return;
  for (std::size_t i = 0; i < context.at; ++i) {
    const auto& before = context.items[i].parsed;
    if (before.verb == Verb::pragma && before.object == "legacy_alter_table" && (before.value == "on" || before.value == "1")) return;
  }
  for (std::size_t i = context.at + 1; i < context.items.size(); ++i) {
    const auto& later = context.items[i].parsed;
    if (later.verb != Verb::create_table || !same(context, later.name, statement.name)) continue;
    auto& finding = report(context, rule, findings, "Foreign keys of other tables, triggers and views follow the rename to " + statement.actions.front().to + " and stay with it: they do not find the new " + statement.name.text() + ".");
    finding.hint = "the other way around: CREATE TABLE new, INSERT INTO new SELECT, DROP TABLE " + statement.name.text() + ", ALTER TABLE new RENAME TO " + statement.name.text();
    return;
  }
}

void check_copy_by_place(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::insert || !statement.reads_all || !context.fresh(statement.name)) return;
  const auto* from = context.table(statement.source);
  const auto* to = context.table(statement.name);
  if (to == nullptr) return;
  std::vector<std::string> shared;
  if (from != nullptr) {
    bool same_columns = from->columns.size() == to->columns.size();
    for (std::size_t i = 0; same_columns && i < from->columns.size(); ++i) same_columns = equal_ignoring_case(from->columns[i].name, to->columns[i].name);
    if (same_columns) return;
    for (const auto& column : to->columns) {
      const bool there = std::any_of(from->columns.begin(), from->columns.end(), [&](const Column& other) { return equal_ignoring_case(other.name, column.name); });
      if (there && !column.generated) shared.push_back(column.name);
    }
  }
  auto& finding = report(context, rule, findings, "SELECT * fills " + statement.name.text() + " by the order of columns: where the two tables differ, values land in the wrong column or the statement fails.");
  if (shared.empty()) {
    finding.hint = "name the columns on both sides";
    return;
  }
  const auto list = context.quote_list(shared);
  const auto sql = collapse_spaces(context.sql());
  const auto tail = lower(sql).find(" where ");
  finding.fix = Fix{.statements = {"INSERT INTO " + quote_name(statement.name.name) + " (" + list + ") SELECT " + list + " FROM " + quote_name(statement.source.name) + (tail == std::string::npos ? "" : sql.substr(tail))}};
}

void check_lost_objects(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::drop_table) return;
  const auto* table = context.table(statement.name);
  if (table == nullptr || context.fresh(statement.name)) return;
  const auto rename = std::find_if(context.items.begin() + static_cast<std::ptrdiff_t>(context.at), context.items.end(), [&](const auto& item) {
    return std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(), [&](const Action& action) { return action.kind == Action::Kind::rename_table && same(context, action.other, statement.name); });
  });
  if (rename == context.items.end()) return;
  const auto* next = context.table(rename->parsed.name);
  std::vector<std::string> lost;
  Fix fix;
  const auto made_again = [&](const std::string& name) {
    return std::any_of(context.items.begin(), context.items.end(), [&](const auto& item) {
      return (item.parsed.verb == Verb::create_index || item.parsed.verb == Verb::create_trigger) && equal_ignoring_case(item.parsed.object, name);
    });
  };
  const auto dropped = [&](const std::string& name) {
    return std::any_of(context.items.begin(), context.items.end(), [&](const auto& item) {
      return (item.parsed.verb == Verb::drop_index || item.parsed.verb == Verb::drop_trigger) && (equal_ignoring_case(item.parsed.object, name) || equal_ignoring_case(item.parsed.name.name, name));
    });
  };
  // An index over a column that the new table does not have is gone with the column.
  const auto impossible = [&](const Index& index) {
    return next != nullptr && std::any_of(index.parts.begin(), index.parts.end(), [&](const IndexPart& part) {
      return !part.column.empty() && std::none_of(next->columns.begin(), next->columns.end(), [&](const Column& column) { return equal_ignoring_case(column.name, part.column); });
    });
  };
  for (const auto& index : table->indexes) {
    if (!made_again(index.name) && !dropped(index.name) && !impossible(index)) lost.push_back("the index " + index.name);
  }
  for (const auto& trigger : table->triggers) {
    if (!made_again(trigger.name) && !dropped(trigger.name)) lost.push_back("the trigger " + trigger.name);
  }
  if (lost.empty()) return;
  report(context, rule, findings, "DROP TABLE takes " + join(lost, ", ") + " along, and the unit does not make " + (lost.size() == 1 ? "it" : "them") + " again.").hint =
      "make them again behind the rename";
}

}  // namespace migrate::sqlite
