// Changes that depend on the rows that are there: NOT NULL columns that come, come back or become so.
#include <algorithm>
#include <map>
#include <set>

#include "autogenerate/autogenerate.hpp"
#include "autogenerate/former_names.hpp"
#include "autogenerate/guard_values.hpp"
#include "autogenerate/losses.hpp"
#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

/// Whether the column's domain takes no NULL, and gives no value by itself.
bool domain_needs_value(const Column& column, const Schema& schema) {
  const auto domain = std::find_if(schema.domains.begin(), schema.domains.end(), [&](const Domain& item) { return item.name.text() == column.type; });
  return domain != schema.domains.end() && !domain->nullable && !domain->default_value;
}

bool needs_value(const Column& column, const Schema& schema) {
  return (!column.nullable || domain_needs_value(column, schema)) && !column.default_value && !column.identity && !column.generated;
}

/// A value of the type that means nothing, as SQL; "" when none is known.
std::string neutral_value(const Column& column, const Schema& schema, const Dialect& dialect) {
  const auto type = lower(column.type);
  if (type.ends_with("[]")) return "'{}'";
  for (const auto& enumeration : schema.enums) {
    if (enumeration.name.text() == column.type && !enumeration.values.empty()) return dialect.sql().quote_text(enumeration.values.front());
  }
  for (const auto& domain : schema.domains) {
    if (domain.name.text() == column.type) return neutral_value(Column{.type = domain.type}, schema, dialect);
  }
  if (type.starts_with("enum(")) {
    const auto end = type.find_first_of(",)", 5);
    return column.type.substr(5, end - 5);
  }
  if (type.starts_with("set(")) return "''";
  const auto family = type_family(type);
  static const std::map<std::string, std::string> values{
      {"integer", "0"}, {"number", "0"}, {"text", "''"}, {"boolean", "false"}, {"json", "'{}'"}, {"bytes", "''"},
      {"uuid", "'00000000-0000-0000-0000-000000000000'"}, {"address", "'0.0.0.0'"}};
  if (const auto it = values.find(family); it != values.end()) return it->second;
  if (type == "date") return "'1970-01-01'";
  if (family == "time") return "'1970-01-01 00:00:01'";
  if (type == "year") return "1970";
  if (family == "duration") return type == "interval" ? "'0'" : "'00:00:00'";
  return "";
}

/// Whether no two rows may have the same value, as far as this column decides.
bool is_unique(const Table& table, const std::string& column) {
  const auto has = [&](const std::vector<IndexPart>& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return part.column == column; });
  };
  return (table.primary_key && has(table.primary_key->parts)) ||
         std::any_of(table.uniques.begin(), table.uniques.end(), [&](const Unique& unique) { return has(unique.parts); }) ||
         std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) { return index.unique && has(index.parts); });
}

/// What existing rows get in a column that comes: something that means nothing, and of a unique one the row's key, which is another in each.
/// "" when none is known; `collides`: when there are two rows they cannot have it both.
struct Invented {
  std::string value;
  bool collides = false;
};

Invented invent(const Table* table, const Column& column, const Schema& schema, const Dialect& dialect) {
  Invented invented{neutral_value(column, schema, dialect), false};
  if (table == nullptr || !is_unique(*table, column.name)) return invented;
  const auto family = type_family(column.type);
  if (table->primary_key && table->primary_key->parts.size() == 1) {
    const auto* key = find_named(table->columns, table->primary_key->parts[0].column);
    // A whole number is a number, and a text; any other key is one of its own type.
    const bool fits = key != nullptr && key->name != column.name && (key->type == column.type || (type_family(key->type) == "integer" && (family == "integer" || family == "number" || family == "text")));
    if (fits) return {dialect.sql().quote_name(key->name), false};
  }
  invented.collides = true;
  return invented;
}

Column nullable_copy(Column column) {
  column.nullable = true;
  return column;
}

Sql fill(const Dialect& dialect, const QualifiedName& table, const std::string& column, const std::string& value) {
  const auto name = dialect.sql().quote_name(column);
  return {"UPDATE " + dialect.sql().quote_name(table) + " SET " + name + " = " + value + " WHERE " + name + " IS NULL", ""};
}

/// Adds a NOT NULL column in three steps: as nullable, filled, tightened. Where a column change rebuilds the table anyway
/// it is one step, and the rebuild fills it.
std::vector<PlannedChange> add_in_steps(const Add<Column>& add, const std::string& value, const Schema& schema, const Dialect& dialect, const Capabilities& can) {
  Add<Column> whole = add;
  if (can.alter_column_in_place && domain_needs_value(add.object, schema)) {
    // Not even for a moment can it be without a value.
    whole.object.declared.backfill.clear();
    Add<Column> filled = whole;
    filled.object.default_value = Default{true, value};
    return {{filled}, {Change<Column>{add.table, filled.object, whole.object}}};
  }
  whole.object.declared.backfill = value;
  if (!can.alter_column_in_place) return {{whole}};
  whole.object.declared.backfill.clear();
  Add<Column> loose = whole;
  loose.object = nullable_copy(whole.object);
  return {{loose}, {fill(dialect, add.table, add.object.name, value)}, {Change<Column>{add.table, loose.object, whole.object}}};
}

std::vector<PlannedChange> tighten_in_steps(const Change<Column>& change, const std::string& value, const Dialect& dialect, const Capabilities& can) {
  Change<Column> whole = change;
  whole.after.declared.backfill = value;
  if (!can.alter_column_in_place) return {{whole}};
  whole.after.declared.backfill.clear();
  return {{fill(dialect, change.table, change.before.name, value)}, {whole}};
}

std::string default_expression(const Column& column, const Dialect& dialect) {
  if (!column.default_value) return "";
  return column.default_value->expression ? column.default_value->text : dialect.sql().quote_text(column.default_value->text);
}

bool tightens(const Change<Column>& change) {
  return change.before.nullable && !change.after.nullable && !change.after.generated && !change.after.identity;
}

/// What the rule puts into the rows, in the steps that `make` builds of it: as an expression over the old table where it is rebuilt, in an UPDATE else.
std::string rule_value(const FillRule& rule, const Difference& difference, const QualifiedName& table, const Column& column, const Dialect& dialect) {
  const auto* owner = find_named(difference.after.tables, table);
  return fill_sql(rule, owner == nullptr ? Table{.name = table} : *owner, column, difference.server.capabilities.alter_column_in_place ? dialect.sql().quote_name(column.name) : "", dialect);
}

/// A column that may stay empty needs no tightening behind its values.
std::vector<PlannedChange> add_with_values(const Add<Column>& add, const std::string& value, const Schema& schema, const Dialect& dialect, const Capabilities& can) {
  auto steps = add_in_steps(add, value, schema, dialect, can);
  if (add.object.nullable && steps.size() == 3) steps.pop_back();
  return steps;
}

std::vector<PlannedChange> guarded_add(const PlannedChange& change, const Add<Column>& add, bool filled, const Difference& difference, const Dialect& dialect, const FillRule* rule) {
  const auto& can = difference.server.capabilities;
  if (rule != nullptr) return add_with_values(add, rule_value(*rule, difference, add.table, add.object, dialect), difference.after, dialect, can);
  if (!add.object.declared.backfill.empty()) return add_in_steps(add, add.object.declared.backfill, difference.after, dialect, can);
  if (!filled) return {change};
  const auto [value, collides] = invent(find_named(difference.after.tables, add.table), add.object, difference.after, dialect);
  auto steps = add_in_steps(add, value.empty() ? "NULL" : value, difference.after, dialect, can);
  const auto name = add.table.text() + "." + add.object.name;
  steps.front().review = "the table " + add.table.text() + " has rows, and the new column " + add.object.name +
                         " is NOT NULL without a default: put what existing rows should hold in the place of " +
                         (value.empty() ? "NULL" : value) + " (or give the model `backfill:` or `default:` for " + name + ")." + (collides ? " It is unique: two rows cannot have the same." : "");
  return steps;
}

std::vector<PlannedChange> guarded_tightening(const PlannedChange& change, const Change<Column>& tighten, bool has_nulls, const Difference& difference,
                                              const Dialect& dialect, const FillRule* rule) {
  const auto& can = difference.server.capabilities;
  if (rule != nullptr) return tighten_in_steps(tighten, rule_value(*rule, difference, tighten.table, tighten.after, dialect), dialect, can);
  if (!tighten.after.declared.backfill.empty()) return tighten_in_steps(tighten, tighten.after.declared.backfill, dialect, can);
  if (!has_nulls) return {change};
  if (const auto value = default_expression(tighten.after, dialect); !value.empty()) {
    auto steps = tighten_in_steps(tighten, value, dialect, can);
    steps.front().note = "rows without a value get the default";
    return steps;
  }
  const auto value = neutral_value(tighten.after, difference.after, dialect);
  auto steps = tighten_in_steps(tighten, value.empty() ? "NULL" : value, dialect, can);
  steps.front().review = "the column " + tighten.table.text() + "." + tighten.after.name +
                         " becomes NOT NULL and has rows without a value: put what they should hold in the place of " +
                         (value.empty() ? "NULL" : value) + " (or give the model `backfill:`).";
  return steps;
}

}  // namespace

namespace {

/// Literals that a check knows, numbers with their neighbours: one of them is a value that it accepts, mostly.
void add_candidates(std::vector<std::string>& candidates, const std::string& expression, const Dialect& dialect) {
  for (const auto& token : tokenize(expression, dialect.sql().lexical_rules())) {
    if (token.kind == TokenKind::string) {
      candidates.emplace_back(token.text);
    } else if (token.kind == TokenKind::number && token.text.size() < 15 && token.text.find_first_not_of("0123456789") == std::string_view::npos) {
      const auto number = std::stoll(std::string(token.text));
      for (const auto value : {number, number + 1, number - 1}) candidates.push_back(std::to_string(value));
    }
  }
}

/// A value for the column that all checks over it alone accept, by asking the engine; "" when none was found.
std::string accepted_value(const Column& column, const std::vector<const Check*>& checks, const Schema& schema, const Dialect& dialect, Connection& connection) {
  std::vector<std::string> candidates{neutral_value(column, schema, dialect)};
  for (const auto* check : checks) add_candidates(candidates, check->expression, dialect);
  candidates.insert(candidates.end(), {"1", "-1", "'x'"});
  std::string condition;
  for (const auto* check : checks) condition += (condition.empty() ? "(" : " AND (") + check->expression + ")";
  for (const auto& candidate : candidates) {
    if (candidate.empty()) continue;
    const auto ask = [&](const std::string& value) {
      try {
        return !connection.query("SELECT 1 FROM (SELECT " + value + " AS " + dialect.sql().quote_name(column.name) + ") migrate_value WHERE " + condition).rows.empty();
      } catch (const DatabaseError& error) {
        if (error.cause == DatabaseError::Cause::connection) throw;
        return false;
      }
    };
    if (ask("CAST(" + candidate + " AS " + column.type + ")") || ask(candidate)) return candidate;
  }
  return "";
}

/// A NOT NULL column that was moved aside has no values in rows that came later: they get some before it is NOT NULL again.
void find_refill_of_aside(PlannedChange& planned, const Difference& difference, const Dialect& dialect, const FormerNames& former) {
  auto* change = std::get_if<Change<Column>>(&planned.operation);
  if (change == nullptr || !is_aside(change->after.name) || change->before.nullable || !change->after.nullable) return;
  auto& refill = change->before.declared.backfill;
  refill = default_expression(change->before, dialect);
  if (refill.empty()) refill = invent(find_named(difference.before.tables, former.table(change->table)), change->before, difference.before, dialect).value;
}

/// NOT NULL columns that go come back filled in a downgrade: with something that the checks of the table accept.
void find_refills(Difference& difference, const Dialect& dialect, Connection& connection, const FormerNames& former) {
  for (auto& change : difference.changes) {
    find_refill_of_aside(change, difference, dialect, former);
    auto* remove = std::get_if<Remove<Column>>(&change.operation);
    if (remove == nullptr || !needs_value(remove->object, difference.before)) continue;
    const auto* table = find_named(difference.before.tables, former.table(remove->table));
    if (table == nullptr) continue;
    std::vector<const Check*> checks;
    for (const auto& check : table->checks) {
      if (!mentions(check.expression, remove->object.name, dialect.sql().lexical_rules())) continue;
      const bool alone = std::none_of(table->columns.begin(), table->columns.end(), [&](const Column& column) {
        return column.name != remove->object.name && mentions(check.expression, column.name, dialect.sql().lexical_rules());
      });
      if (alone) checks.push_back(&check);
    }
    Check own;
    if (const auto it = remove->object.options.find("column_check"); it != remove->object.options.end()) {
      own.expression = it->second;
      checks.push_back(&own);
    }
    if (!checks.empty()) remove->object.declared.backfill = accepted_value(remove->object, checks, difference.before, dialect, connection);
  }
}

}  // namespace

namespace {

/// A column that rows have to get a value for, and where to look whether there are such rows.
struct Gap {
  const QualifiedName* table = nullptr;
  const Column* column = nullptr;  ///< as it will be; null: the change needs nothing
  std::string condition;           ///< of the rows, behind their table
};

Gap gap_of(const Operation& operation, const Schema& after, const FormerNames& former, const DataAnswers& answers, const Dialect& dialect) {
  if (const auto* add = std::get_if<Add<Column>>(&operation)) {
    const bool asked_for = answers.fills.contains(add->table.text() + "." + add->object.name) && !add->object.generated && !add->object.identity;
    if (needs_value(add->object, after) || asked_for) return {&add->table, &add->object, ""};
  } else if (const auto* change = std::get_if<Change<Column>>(&operation); change != nullptr && tightens(*change)) {
    return {&change->table, &change->after, " WHERE " + dialect.sql().quote_name(former.column(change->table, change->before.name)) + " IS NULL"};
  }
  return {};
}

DataQuestion question_of(const PlannedChange& change, const Gap& gap, const std::vector<PlannedChange>& steps, const Difference& difference, const Dialect& dialect, bool answered) {
  DataQuestion question{.kind = DataQuestion::Kind::fill, .change = change.number, .key = gap.table->text() + "." + gap.column->name, .table = *gap.table, .column = gap.column->name, .type = gap.column->type};
  if (const auto* table = find_named(difference.after.tables, *gap.table)) {
    question.unique = is_unique(*table, gap.column->name);
    for (const auto& other : table->columns) {
      if (other.name != gap.column->name) question.others.push_back(other.name);
    }
    if (table->primary_key) {
      for (const auto& part : table->primary_key->parts) question.row_key.push_back(part.column);
    }
    question.suggestion = invent(table, *gap.column, difference.after, dialect).value;
  }
  question.answered = answered;
  question.asked = std::any_of(steps.begin(), steps.end(), [](const PlannedChange& step) { return !step.review.empty(); });
  return question;
}

/// What a fill reads has to be there when it runs: the columns that it names go behind it.
void drops_last(std::vector<PlannedChange>& changes, const DataAnswers& answers, const Dialect& dialect) {
  for (const auto& [key, rule] : answers.fills) {
    if (rule.kind != FillRule::Kind::expression && rule.kind != FillRule::Kind::column) continue;
    const auto adds = [&](const PlannedChange& change) {
      const auto* add = change.as<Add<Column>>();
      const auto* tighten = change.as<Change<Column>>();
      return (add != nullptr && add->table.text() + "." + add->object.name == key) || (tighten != nullptr && tighten->table.text() + "." + tighten->after.name == key);
    };
    const auto reads = [&](const PlannedChange& change) {
      const auto* remove = change.as<Remove<Column>>();
      return remove != nullptr && key.starts_with(remove->table.text() + ".") &&
             (rule.kind == FillRule::Kind::column ? rule.text == remove->object.name : mentions(rule.text, remove->object.name, dialect.sql().lexical_rules()));
    };
    auto last = std::find_if(changes.rbegin(), changes.rend(), adds).base();
    std::stable_partition(changes.begin(), last, [&](const PlannedChange& change) { return !reads(change); });
  }
}

}  // namespace

void guard_data(Difference& difference, const Dialect& dialect, Connection& connection, const DataAnswers& answers) {
  guard_conversions(difference, dialect, connection, answers);
  guard_values(difference, dialect, connection, answers);
  const FormerNames former(difference.changes);
  find_refills(difference, dialect, connection, former);
  std::vector<std::string> questions;
  std::map<std::size_t, std::size_t> question_of_change;
  for (std::size_t i = 0; i < difference.changes.size(); ++i) {
    const auto gap = gap_of(difference.changes[i].operation, difference.after, former, answers, dialect);
    if (gap.column == nullptr || find_named(difference.before.tables, former.table(*gap.table)) == nullptr) continue;
    question_of_change[i] = questions.size();
    questions.push_back("SELECT 1 FROM " + dialect.sql().quote_name(former.table(*gap.table)) + gap.condition + " LIMIT 1");
  }
  std::vector<Result> said;
  if (!questions.empty()) said = connection.query_all(questions);
  std::vector<PlannedChange> guarded;
  for (std::size_t i = 0; i < difference.changes.size(); ++i) {
    auto& change = difference.changes[i];
    const auto it = question_of_change.find(i);
    if (it == question_of_change.end()) {
      guarded.push_back(std::move(change));
      continue;
    }
    const bool yes = !said[it->second].rows.empty();
    const auto gap = gap_of(change.operation, difference.after, former, answers, dialect);
    const auto* rule = answers.fill_of(gap.table->text() + "." + gap.column->name);
    const auto* add = std::get_if<Add<Column>>(&change.operation);
    auto steps = add != nullptr ? guarded_add(change, *add, yes, difference, dialect, rule)
                                : guarded_tightening(change, std::get<Change<Column>>(change.operation), yes, difference, dialect, rule);
    for (auto& step : steps) step.number = change.number;
    if (answers.tell && (yes || rule != nullptr)) answers.tell(question_of(change, gap, steps, difference, dialect, rule != nullptr));
    guarded.insert(guarded.end(), steps.begin(), steps.end());
  }
  difference.changes = std::move(guarded);
  drops_last(difference.changes, answers, dialect);
  check_data_answers(answers, difference.after);
}

namespace {

/// What takes the column away further on, with nothing but spent fills between; null when something else comes first.
const Add<Column>* removed_next(std::vector<PlannedChange>::const_reverse_iterator it, std::vector<PlannedChange>::const_reverse_iterator end,
                                const Change<Column>& change) {
  for (++it; it != end; ++it) {
    if (const auto* sql = std::get_if<Sql>(&it->operation); sql != nullptr && sql->reverse.empty()) continue;
    const auto* add = std::get_if<Add<Column>>(&it->operation);
    return add != nullptr && add->table == change.table && add->object.name == change.after.name ? add : nullptr;
  }
  return nullptr;
}

}  // namespace

namespace {

bool is_unique_in(const Schema& schema, const Add<Column>& add) {
  const auto* table = find_named(schema.tables, add.table);
  return table != nullptr && is_unique(*table, add.object.name);
}

/// Whether an operation takes away only what stands on other things.
bool is_early_drop(const Operation& operation) {
  return std::visit(overloaded{[](const Drop<View>&) { return true; }, [](const Remove<Trigger>&) { return true; },
                               [](const Remove<Policy>&) { return true; }, [](const Remove<ForeignKey>&) { return true; },
                               [](const Drop<Definition>&) { return true; }, [](const auto&) { return false; }},
                    operation);
}

/// Values that come back into an enum are there before anything that may name them.
void values_first(std::vector<PlannedChange>& changes) {
  const auto place = std::find_if(changes.begin(), changes.end(), [](const PlannedChange& change) { return !is_early_drop(change.operation); });
  std::set<std::size_t> mapped;  // with the values that a map brings back in front of it
  for (const auto& change : changes) {
    if (change.first_back) mapped.insert(change.number);
  }
  std::stable_partition(place, changes.end(), [&](const PlannedChange& change) {
    if (mapped.contains(change.number) && (change.first_back || std::holds_alternative<Sql>(change.operation))) return true;
    const auto* alter = std::get_if<Alter<EnumType>>(&change.operation);
    if (alter == nullptr) return false;
    const auto& before = alter->before.values;
    return alter->after.declared.value_renames.empty() && std::any_of(alter->after.values.begin(), alter->after.values.end(), [&](const std::string& value) {
             return std::find(before.begin(), before.end(), value) == before.end();
           });
  });
}

}  // namespace

std::vector<PlannedChange> reverse_changes(const std::vector<PlannedChange>& changes, const Schema& before, const Dialect& dialect,
                                           const ServerInfo& server) {
  std::vector<PlannedChange> out;
  for (auto it = changes.crbegin(); it != changes.crend(); ++it) {
    // A column that came in steps goes in one.
    if (const auto* change = std::get_if<Change<Column>>(&it->operation)) {
      if (const auto* add = removed_next(it, changes.crend(), *change)) {
        out.push_back({Remove<Column>{change->table, change->after, add->after}});
        out.back().number = it->number;
        while (std::get_if<Add<Column>>(&it->operation) != add) ++it;
        continue;
      }
    }
    if (const auto* access = std::get_if<SetAccess>(&it->operation); access != nullptr && access->fresh) continue;
    auto operation = reverse(it->operation);
    if (const auto* sql = std::get_if<Sql>(&operation); sql != nullptr && sql->text.empty()) continue;
    if (const auto* loosened = std::get_if<Change<Column>>(&it->operation); loosened != nullptr && !loosened->before.declared.backfill.empty() && tightens(std::get<Change<Column>>(operation))) {
      for (auto& step : tighten_in_steps(std::get<Change<Column>>(operation), loosened->before.declared.backfill, dialect, server.capabilities)) {
        out.push_back(std::move(step));
        out.back().number = it->number;
      }
      continue;
    }
    const auto* add = std::get_if<Add<Column>>(&operation);
    if (add == nullptr || !needs_value(add->object, before)) {
      out.push_back({std::move(operation)});
      out.back().number = it->number;
      out.back().first_back = it->first_back && std::holds_alternative<Alter<EnumType>>(it->operation);
      continue;
    }
    const auto& found = add->object.declared.backfill;
    const auto invented = invent(find_named(before.tables, add->table), add->object, before, dialect);
    const auto value = found.empty() || is_unique_in(before, *add) ? invented.value : found;
    auto steps = value.empty() ? std::vector<PlannedChange>{{operation}} : add_in_steps(*add, value, before, dialect, server.capabilities);
    if (!value.empty()) steps.front().note = "the values of " + add->table.text() + "." + add->object.name + " are gone: existing rows get " + value;
    if (invented.collides) steps.front().note += ", which fails where there are two: it is unique, so write others before a downgrade";
    for (auto& step : steps) step.number = it->number;
    out.insert(out.end(), steps.begin(), steps.end());
  }
  values_first(out);
  return out;
}

}  // namespace migrate
