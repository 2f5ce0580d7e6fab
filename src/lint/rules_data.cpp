// What loses data, breaks running code, or changes many rows at once.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "dialect/sql.hpp"
#include "lint/rules.hpp"
#include "schema/lookup.hpp"

namespace migrate::lint {
namespace {

using parsed::Action;
using parsed::Verb;

/// The table that is copied from `name` in this unit and takes its name: a rebuild by hand. Null when there is none.
const parsed::Statement* rebuilt_as(const Context& context, const QualifiedName& name) {
  for (const auto& item : context.items) {
    if (item.parsed.verb != Verb::insert || !item.parsed.reads || !context.same(item.parsed.source, name)) continue;
    for (const auto& other : context.items) {
      if (other.parsed.verb != Verb::create_table || !context.same(other.parsed.name, item.parsed.name)) continue;
      return &other.parsed;
    }
  }
  return nullptr;
}

/// Nobody's yet: nothing is lost. A table that is empty here may be full elsewhere.
bool is_new(const Context& context, const QualifiedName& name) { return context.fresh(name); }

const Action* find_action(const parsed::Statement& statement, Action::Kind kind) {
  const auto it = std::find_if(statement.actions.begin(), statement.actions.end(), [&](const Action& action) { return action.kind == kind; });
  return it == statement.actions.end() ? nullptr : &*it;
}

/// The column that is added to the same table in this unit and alone could be the dropped one under another name.
const parsed::Column* successor_of(const Context& context, const QualifiedName& table, const Action& dropped) {
  const auto* column = context.column(table, dropped.name);
  std::vector<const parsed::Column*> added;
  int drops = 0;
  for (const auto& item : context.items) {
    if (item.parsed.verb != Verb::alter_table || !context.same(item.parsed.name, table)) continue;
    for (const auto& action : item.parsed.actions) {
      if (action.kind == Action::Kind::drop_column) ++drops;
      if (action.kind == Action::Kind::add_column && !equal_ignoring_case(action.name, dropped.name)) added.push_back(&action.column);
    }
  }
  if (added.size() != 1 || drops != 1) return nullptr;
  if (column != nullptr) {
    const auto plain = [](std::string type) { return type.substr(0, type.find(' ')); };
    return plain(lower(column->type)) == plain(added.front()->type) || column->type == added.front()->type ? added.front() : nullptr;
  }
  // Without the type the names have to speak.
  const auto& a = dropped.name;
  const auto& b = added.front()->name;
  return a.find(b) != std::string::npos || b.find(a) != std::string::npos || edit_distance(a, b) * 2 <= std::max(a.size(), b.size()) ? added.front() : nullptr;
}

/// The values of "x in ('a', 'b')"; empty for any other expression.
std::vector<std::string> listed_values(const std::string& expression, const Context& context) {
  const auto tokens = tokenize(expression, context.dialect.sql().lexical_rules());
  std::vector<std::string> values;
  bool list = false;
  for (const auto& token : tokens) {
    if (token.is("IN") || token.is("ANY")) list = true;
    if (token.is("AND") || token.is("OR") || token.is("NOT")) return {};
    if (list && (token.kind == TokenKind::string || token.kind == TokenKind::number)) values.emplace_back(token.text);
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

namespace {

/// What becomes of the values on the way back: `otherwise`, unless they are kept.
std::string_view way_back(const Context& context, std::string_view otherwise) { return context.facts.kept ? "`keep` has them for the way back." : otherwise; }

}  // namespace

void check_drop_table(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::drop_table || statement.temporary) return;
  for (const auto& name : statement.names) {
    if (context.fresh(name)) continue;
    const auto* copy = rebuilt_as(context, name);
    const bool unknown_here = context.facts.connected && context.table(name) == nullptr;
    if (copy != nullptr || unknown_here) continue;
    auto& finding = report(context, rule, findings, "DROP TABLE takes all rows of " + context.shown(name) + " away; " + std::string(way_back(context, "the way back makes an empty table.")));
    finding.hint = "rename it first and drop it in a later release, when nothing has missed it";
  }
}

void check_drop_column(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb == Verb::alter_table && !context.fresh(statement.name)) {
    for (const auto& action : statement.actions) {
      if (action.kind != Action::Kind::drop_column || successor_of(context, statement.name, action) != nullptr) continue;
      auto& finding = report(context, rule, findings, "DROP COLUMN takes the values of " + statement.name.text() + "." + action.name + " away; " + std::string(way_back(context, "the way back makes an empty column.")));
      finding.hint = "let a release stop using it first, then drop it in the next";
    }
  }
  // A table rebuilt by hand that leaves columns out.
  if (statement.verb != Verb::drop_table) return;
  for (const auto& name : statement.names) {
    const auto* copy = rebuilt_as(context, name);
    const auto* table = context.table(name);
    if (copy == nullptr || table == nullptr || context.fresh(name)) continue;
    for (const auto& column : table->columns) {
      const bool kept = std::any_of(copy->columns.begin(), copy->columns.end(), [&](const parsed::Column& other) { return equal_ignoring_case(other.name, column.name); });
      if (!kept && !copy->columns.empty()) report(context, rule, findings, "The table that takes the place of " + name.text() + " has no column " + column.name + ": " + std::string(way_back(context, "its values are lost.")));
    }
  }
}

void check_drop_schema(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::drop_schema && statement.verb != Verb::drop_database) return;
  const bool made_here = std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(context.at),
                                     [&](const Item& item) { return item.parsed.verb == Verb::create_schema && item.parsed.name == statement.name; });
  if (made_here) return;
  report(context, rule, findings, std::string(statement.verb == Verb::drop_schema ? "DROP SCHEMA" : "DROP DATABASE") + " takes " + statement.name.text() + " away with all tables in it.");
}

void check_narrowing(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || is_new(context, statement.name)) return;
  for (const auto& action : statement.actions) {
    if (action.kind != Action::Kind::set_type && action.kind != Action::Kind::change_column) continue;
    const auto* column = context.column(statement.name, action.name);
    const auto& to = action.kind == Action::Kind::set_type ? action.to : action.column.type;
    if (column == nullptr || !narrows(lower(column->type), to)) continue;
    auto& finding = report(context, rule, findings, "Values of " + statement.name.text() + "." + action.name + " may not fit from " + column->type + " into " + to + ": they are cut, rounded, or the statement fails" + (context.facts.kept ? "; `keep` has them for the way back." : "."));
    finding.hint = "look for values that do not fit first";
  }
}

void check_unresolved_rename(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb == Verb::alter_table && !context.fresh(statement.name)) {
    for (const auto& action : statement.actions) {
      if (action.kind != Action::Kind::drop_column) continue;
      const auto* added = successor_of(context, statement.name, action);
      if (added == nullptr) continue;
      auto& finding = report(context, rule, findings, "The unit drops " + statement.name.text() + "." + action.name + " and adds " + added->name + " of the same type: if that is a rename, the values are lost.");
      finding.fix = Fix{.statements = {"ALTER TABLE " + context.quote(statement.name) + " RENAME COLUMN " + context.quote(action.name) + " TO " + context.quote(added->name)}, .automatic = false};
    }
  }
  if (statement.verb != Verb::drop_table || rebuilt_as(context, statement.name) != nullptr || context.fresh(statement.name)) return;
  const auto* table = context.table(statement.name);
  if (table == nullptr || is_new(context, statement.name)) return;
  // The most alike of the tables that it makes.
  const parsed::Statement* best = nullptr;
  std::ptrdiff_t most = 0;
  for (const auto& item : context.items) {
    const auto& made = item.parsed;
    if (made.verb != Verb::create_table || made.columns.empty()) continue;
    const auto alike = std::count_if(made.columns.begin(), made.columns.end(), [&](const parsed::Column& column) { return find_named(table->columns, column.name) != nullptr; });
    if (static_cast<std::size_t>(alike) * 3 < std::max(made.columns.size(), table->columns.size()) * 2 || alike <= most) continue;
    best = &made;
    most = alike;
  }
  if (best == nullptr) return;
  auto& finding = report(context, rule, findings, "The unit drops " + statement.name.text() + " and makes " + best->name.text() + " with the same columns: if that is a rename, the rows are lost.");
  finding.fix = Fix{.statements = {"ALTER TABLE " + context.quote(statement.name) + " RENAME TO " + context.quote(best->name.name)}, .automatic = false};
}

void check_truncate(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::truncate) return;
  for (const auto& name : statement.names) {
    if (context.fresh(name)) continue;
    report(context, rule, findings, "TRUNCATE takes all rows of " + context.shown(name) + " away; " + std::string(way_back(context, "the way back does not bring them.")));
  }
}

// ---- running code ------------------------------------------------------------------------------------------------------

void check_rename_table(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto found = [&](const QualifiedName& from, const std::string& to) {
    if (context.fresh(from)) return;
    auto& finding = report(context, rule, findings, "Code that runs during the release still asks for " + from.text() + ", which is " + to + " now: it fails.");
    finding.hint = "keep a view with the old name until the old release is gone";
    if (statement.verb == Verb::alter_table) {
      finding.fix = Fix{.statements = {std::string(context.sql()), "CREATE VIEW " + context.quote(from) + " AS SELECT * FROM " + context.quote(QualifiedName{from.schema, to})}, .automatic = false};
    }
  };
  if (statement.verb == Verb::alter_table) {
    if (const auto* action = find_action(statement, Action::Kind::rename_table)) {
      const bool replaces = std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(context.at), [&](const Item& item) {
        return item.parsed.verb == Verb::create_table && context.same(item.parsed.name, statement.name);
      });
      if (!replaces) found(statement.name, action->to);
    }
  }
  if (statement.verb != Verb::rename_table) return;
  for (std::size_t i = 0; i + 1 < statement.names.size(); i += 2) {
    // RENAME TABLE a TO old, new TO a swaps at once: the name stays.
    bool swaps = false;
    for (std::size_t j = 0; j + 1 < statement.names.size(); j += 2) {
      swaps = swaps || context.same(statement.names[j + 1], statement.names[i]) || context.same(statement.names[j], statement.names[i + 1]);
    }
    if (!swaps) found(statement.names[i], statement.names[i + 1].text());
  }
}

void check_rename_column(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || context.fresh(statement.name)) return;
  for (const auto& action : statement.actions) {
    const bool renames = action.kind == Action::Kind::rename_column || (action.kind == Action::Kind::change_column && !equal_ignoring_case(action.name, action.to));
    if (!renames) continue;
    // A column of this unit is nobody's yet.
    const bool own = std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(context.at), [&](const Item& item) {
      return item.parsed.verb == Verb::alter_table && context.same(item.parsed.name, statement.name) &&
             std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(), [&](const Action& other) { return other.kind == Action::Kind::add_column && other.name == action.name; });
    });
    if (own) continue;
    auto& finding = report(context, rule, findings, "Code that runs during the release still uses " + statement.name.text() + "." + action.name + ", which is " + action.to + " now: it fails.");
    finding.hint = "add " + action.to + " beside it, write both, fill the old rows, and drop " + action.name + " when the old release is gone";
  }
}

void check_required_column(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || is_new(context, statement.name)) return;
  for (const auto& action : statement.actions) {
    const auto& column = action.column;
    const bool filled = (column.default_sql && upper(*column.default_sql) != "NULL") || column.auto_number || !column.generated.empty();
    if (action.kind != Action::Kind::add_column || !column.not_null || filled || column.has(parsed::Constraint::Kind::primary_key)) continue;
    auto& finding = report(context, rule, findings, "Existing rows of " + context.shown(statement.name) + " have no value for " + column.name + ", and code that does not know it can no longer insert.");
    finding.hint = "give it a DEFAULT, or add it as NULL, fill it, and then SET NOT NULL";
    Fix fix;
    std::string text(context.text(action.range));
    fix.statements = {context.with_action(action, text + " DEFAULT ...")};
    fix.automatic = false;
    finding.fix = std::move(fix);
  }
}

void check_tightened(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (is_new(context, statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::add_constraint)) {
    if (action.constraint.kind != parsed::Constraint::Kind::check || action.name.empty()) continue;
    const Action* dropped = nullptr;
    std::size_t where = 0;
    for (std::size_t i = 0; i <= context.at && dropped == nullptr; ++i) {
      const auto& other = context.items[i].parsed;
      if (other.verb != Verb::alter_table || !context.same(other.name, statement.name)) continue;
      const auto it = std::find_if(other.actions.begin(), other.actions.end(), [&](const Action& candidate) {
        return candidate.kind == Action::Kind::drop_constraint && equal_ignoring_case(candidate.name, action.name) && (i < context.at || candidate.range.begin < action.range.begin);
      });
      if (it != other.actions.end()) dropped = &*it, where = i;
    }
    if (dropped == nullptr) continue;
    // The state in front of this statement has lost the old check when it was dropped before; the unit's own start is asked.
    const auto* table = context.table(statement.name);
    std::string old;
    if (where == context.at && table != nullptr) {
      if (const auto* check = find_named(table->checks, action.name)) old = check->expression;
    }
    const auto before = listed_values(old, context);
    const auto after = listed_values(action.constraint.expression, context);
    if (!before.empty() && std::includes(after.begin(), after.end(), before.begin(), before.end())) continue;
    auto& finding = report(context, rule, findings, "The check " + action.name + " is replaced by another: running code may still write what the new one refuses.");
    finding.hint = "let the code stop writing such values first";
  }
}

// ---- many rows ---------------------------------------------------------------------------------------------------------

namespace {

/// Whether the condition picks rows by a constant key: a few of them.
bool picks_few(const Context& context, const parsed::Statement& statement) {
  const auto tokens = tokenize(statement.condition, context.dialect.sql().lexical_rules());
  const auto* table = context.table(statement.name);
  const auto is_key = [&](std::string_view name) {
    if (table != nullptr) {
      const auto leads = [&](const std::vector<IndexPart>& parts) { return !parts.empty() && equal_ignoring_case(parts.front().column, name); };
      if (table->primary_key && leads(table->primary_key->parts)) return true;
      for (const auto& unique : table->uniques) {
        if (leads(unique.parts)) return true;
      }
      for (const auto& index : table->indexes) {
        if (leads(index.parts)) return true;
      }
    }
    return equal_ignoring_case(name, "id") || equal_ignoring_case(name, "key") || equal_ignoring_case(name, "code") || lower(name).ends_with("_id");
  };
  const auto constant = [&](std::size_t i) {
    if (i < tokens.size() && tokens[i].is_symbol("(")) ++i;
    return i < tokens.size() && (tokens[i].kind == TokenKind::number || tokens[i].kind == TokenKind::string);
  };
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool name = tokens[i].kind == TokenKind::word || tokens[i].kind == TokenKind::quoted_name;
    if (!name || !is_key(unquote_name(tokens[i].text))) continue;
    const auto& next = tokens[i + 1];
    if ((next.is_symbol("=") || next.is("IN") || next.is("BETWEEN") || next.is_symbol("<") || next.is_symbol("<=")) && constant(i + 2)) return true;
    if ((next.is_symbol(">") || next.is_symbol(">=")) && constant(i + 2)) {
      const bool bounded = std::any_of(tokens.begin() + static_cast<std::ptrdiff_t>(i) + 2, tokens.end(), [](const Token& token) { return token.is_symbol("<") || token.is_symbol("<="); });
      if (bounded) return true;
    }
  }
  return false;
}

/// Whether the condition compares anything with a constant.
bool compares(const Context& context, const parsed::Statement& statement) {
  const auto tokens = tokenize(statement.condition, context.dialect.sql().lexical_rules());
  return std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.kind == TokenKind::string || token.kind == TokenKind::number; });
}

/// Whether the UPDATE fills columns that this unit adds.
bool fills_new_columns(const Context& context, const parsed::Statement& statement) {
  return !statement.assigned.empty() && std::all_of(statement.assigned.begin(), statement.assigned.end(), [&](const std::string& name) {
    return std::any_of(context.items.begin(), context.items.end(), [&](const Item& item) {
      return item.parsed.verb == Verb::alter_table && context.same(item.parsed.name, statement.name) &&
             std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(),
                         [&](const Action& action) { return action.kind == Action::Kind::add_column && equal_ignoring_case(action.name, name); });
    });
  });
}

std::optional<Fix> batched_fix(const Context& context, const parsed::Statement& statement) {
  const auto batched = context.dialect.lint().batched;
  if (batched == nullptr) return std::nullopt;
  auto sql = batched(context, statement);
  const bool complete = !sql.empty();
  if (!complete) {
    const auto verb = statement.verb == Verb::remove ? "DELETE FROM " + context.quote(statement.name) : "UPDATE " + context.quote(statement.name) + " SET " + statement.assignments;
    sql = verb + " WHERE id BETWEEN 1 AND 10000" + (statement.condition.empty() ? "" : " AND (" + statement.condition + ")");
  }
  Fix fix;
  fix.later = {sql};
  fix.ordered = true;
  fix.automatic = complete;
  return fix;
}

}  // namespace

void check_no_where(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const bool update = statement.verb == Verb::update;
  if ((!update && statement.verb != Verb::remove) || statement.where || statement.limited || is_new(context, statement.name)) return;
  if (update && fills_new_columns(context, statement)) return;  // means every row
  auto& finding = report(context, rule, findings, std::string(update ? "UPDATE" : "DELETE") + " without WHERE changes every row of " + context.shown(statement.name) + ".");
  if (update && !context.small(statement.name)) finding.fix = batched_fix(context, statement);
  if (!update) finding.hint = "say which rows, or `WHERE true` if it means all";
  else finding.hint = "say which rows; all of them in batches that commit by themselves";
}

void check_backfill(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if ((statement.verb != Verb::update && statement.verb != Verb::remove) || statement.limited || context.facts.server.capabilities.single_writer) return;
  if (context.small(statement.name) || (!statement.where && !fills_new_columns(context, statement))) return;
  if (picks_few(context, statement)) return;
  if (!context.rows(statement.name) && statement.where && compares(context, statement)) return;
  auto& finding = report(context, rule, findings, "One statement changes as many rows of " + context.shown(statement.name) + " as it finds and keeps them locked until the transaction ends.");
  finding.hint = "change them in batches of some thousand by the primary key, each committed by itself";
  finding.fix = batched_fix(context, statement);
}

void check_data_with_ddl(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto& can = context.facts.server.capabilities;
  if (!context.transaction || !can.transactional_ddl || can.single_writer) return;
  const bool bulk = ((statement.verb == Verb::update || statement.verb == Verb::remove) && !context.small(statement.name) && !statement.limited && !picks_few(context, statement) &&
                     (context.rows(statement.name) || !statement.where || !compares(context, statement))) ||
                    (statement.verb == Verb::insert && statement.reads && !context.small(statement.source));
  if (!bulk) return;
  for (const auto& item : context.items) {
    const auto verb = item.parsed.verb;
    const bool locks = (verb == Verb::alter_table || verb == Verb::create_index || verb == Verb::drop_table || verb == Verb::truncate) && !item.parsed.concurrently;
    if (!locks || context.small(item.parsed.name)) continue;
    auto& finding = report(context, rule, findings, "The locks of " + item.parsed.word + " on " + item.parsed.name.text() + " (line " + std::to_string(item.source.location.line) + ") are held while the rows of " +
                                                        context.shown(statement.verb == Verb::insert ? statement.source : statement.name) + " are changed in the same transaction.");
    finding.hint = "put the data into a unit of its own";
    return;
  }
}

}  // namespace migrate::lint
