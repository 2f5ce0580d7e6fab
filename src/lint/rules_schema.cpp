// Keys, indexes and names.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "lint/rules.hpp"
#include "schema/lookup.hpp"

namespace migrate::lint {
namespace {

using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

std::vector<std::string> lowered(std::vector<std::string> names) {
  for (auto& name : names) name = lower(name);
  return names;
}

/// Whether an index that leads with these parts serves a key over `columns`.
bool covers(std::vector<std::string> parts, std::vector<std::string> columns) {
  parts = lowered(std::move(parts));
  columns = lowered(std::move(columns));
  if (parts.size() < columns.size()) return false;
  parts.resize(columns.size());
  std::sort(parts.begin(), parts.end());
  std::sort(columns.begin(), columns.end());
  return parts == columns;
}

/// Columns in order up to the first expression.
std::vector<std::string> leading(const std::vector<IndexPart>& parts) {
  std::vector<std::string> names;
  for (const auto& part : parts) {
    if (part.column.empty()) break;
    names.push_back(part.column);
  }
  return names;
}

/// An index, or a key that has one.
struct Found {
  std::string name;
  std::vector<std::string> columns;
  bool unique = false;
  bool key = false;       ///< belongs to a constraint
  bool exact = true;      ///< columns only, in plain order
  std::string method;
  std::string where;
  std::string direction;  ///< of each column
};

std::string directions(const std::vector<IndexPart>& parts) {
  std::string text;
  for (const auto& part : parts) text += (part.descending ? "d" : "a") + std::to_string(part.prefix_length) + part.collation + part.opclass + ",";
  return text;
}

Found from_index(const std::string& name, const std::vector<IndexPart>& parts, bool unique, const std::string& method, const std::string& where) {
  return {name, lowered(leading(parts)), unique, false, leading(parts).size() == parts.size(), method == "btree" ? "" : method, where, directions(parts)};
}

Found from_key(const std::string& name, const std::vector<std::string>& columns) {
  std::vector<IndexPart> parts;
  for (const auto& column : columns) parts.push_back({.column = column});
  auto found = from_index(name, parts, true, "", "");
  found.key = true;
  return found;
}

std::vector<Found> indexes_of(const Table& table) {
  std::vector<Found> found;
  if (table.primary_key) found.push_back(from_key("the primary key", column_names(table.primary_key->parts)));
  for (const auto& unique : table.uniques) found.push_back(from_key(unique.name, column_names(unique.parts)));
  for (const auto& index : table.indexes) found.push_back(from_index(index.name, index.parts, index.unique, index.method, index.where));
  return found;
}

/// What the statement itself adds, in order.
std::vector<Found> indexes_made(const parsed::Statement& statement) {
  std::vector<Found> found;
  const auto constraint = [&](const Constraint& item) {
    if (item.kind != Constraint::Kind::primary_key && item.kind != Constraint::Kind::unique) return;
    if (item.plain && item.using_index.empty()) found.push_back(from_key(item.kind == Constraint::Kind::primary_key ? "the primary key" : item.name.empty() ? "a unique constraint" : item.name, item.columns));
  };
  for (const auto& item : statement.constraints) constraint(item);
  for (const auto& index : statement.indexes) found.push_back(from_index(index.name, index.parts, index.unique, index.method, index.where));
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_constraint) constraint(action.constraint);
    if (action.kind == Action::Kind::add_index) found.push_back(from_index(action.index.name, action.index.parts, action.index.unique, action.index.method, action.index.where));
    for (const auto& item : action.column.constraints) constraint(item);
  }
  if (statement.verb == Verb::create_index) found.push_back(from_index(statement.index.name, statement.index.parts, statement.index.unique, statement.index.method, statement.index.where));
  return found;
}

/// Each new index with the others that are there by then. An index that the unit drops does not count.
template <class F>
void each_pair(const Context& context, F&& function) {
  const auto& statement = context.parsed();
  auto made = indexes_made(statement);
  if (made.empty()) return;
  std::vector<Found> there;
  if (const auto* table = context.table(statement.name); table != nullptr && statement.verb != Verb::create_table) there = indexes_of(*table);
  std::erase_if(there, [&](const Found& other) {
    return std::any_of(context.items.begin(), context.items.end(), [&](const Item& item) {
      if (item.parsed.verb == Verb::drop_index && equal_ignoring_case(item.parsed.object, other.name)) return true;
      return std::any_of(item.parsed.actions.begin(), item.parsed.actions.end(), [&](const Action& action) {
        return (action.kind == Action::Kind::drop_index || action.kind == Action::Kind::drop_constraint) && equal_ignoring_case(action.name, other.name);
      });
    });
  });
  // The constraints of a statement come first: what an index adds to them is looked at.
  std::stable_sort(made.begin(), made.end(), [](const Found& a, const Found& b) { return a.key && !b.key; });
  for (const auto& index : made) {
    for (const auto& other : there) function(index, other);
    there.push_back(index);
  }
}

bool duplicates(const Found& index, const Found& other) {
  return index.exact && other.exact && !index.columns.empty() && index.columns == other.columns && index.method == other.method && index.where == other.where &&
         index.direction == other.direction && (!index.unique || other.unique);
}

std::string label(const Found& index) { return index.name.empty() ? "(" + join(index.columns, ", ") + ")" : index.name; }

struct Key {
  const Constraint* constraint;
  const QualifiedName* table;
};

std::vector<const Constraint*> constraints_of(const parsed::Statement& statement) {
  std::vector<const Constraint*> found;
  for (const auto& item : statement.constraints) found.push_back(&item);
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_constraint) found.push_back(&action.constraint);
    if (action.kind == Action::Kind::add_column) {
      for (const auto& item : action.column.constraints) found.push_back(&item);
    }
  }
  return found;
}

/// The name that a table made here takes later in the unit: that of an old table, where it is made anew.
QualifiedName later_name(const Context& context) {
  for (std::size_t i = context.at + 1; i < context.items.size(); ++i) {
    const auto& other = context.items[i].parsed;
    if (other.verb != Verb::alter_table || !context.same(other.name, context.parsed().name)) continue;
    for (const auto& action : other.actions) {
      if (action.kind == Action::Kind::rename_table) return action.other;
    }
  }
  return context.parsed().name;
}

/// The old table that a CREATE TABLE makes anew, or null: what it had already is no news.
const Table* made_anew(const Context& context) { return context.parsed().verb == Verb::create_table ? context.table(later_name(context)) : nullptr; }

bool makes_table(const parsed::Statement& statement) { return statement.verb == Verb::create_table || statement.verb == Verb::alter_table; }

}  // namespace

void check_key_index(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (!makes_table(statement) || statement.temporary || context.dialect.lint().indexes_foreign_keys) return;
  for (const auto* key : constraints_of(statement)) {
    if (key->kind != Constraint::Kind::foreign_key || key->columns.empty()) continue;
    const auto* old = made_anew(context);
    if (old != nullptr && std::any_of(old->foreign_keys.begin(), old->foreign_keys.end(), [&](const ForeignKey& other) { return lowered(other.columns) == lowered(key->columns); })) continue;
    const auto final_name = later_name(context);
    std::vector<Found> there;
    if (const auto* table = context.table(statement.name); table != nullptr) there = indexes_of(*table);
    for (std::size_t i = context.at; i < context.items.size(); ++i) {
      const auto& other = context.items[i].parsed;
      if (!context.same(other.name, statement.name) && !context.same(other.name, final_name)) continue;
      for (auto& index : indexes_made(other)) there.push_back(std::move(index));
    }
    if (std::any_of(there.begin(), there.end(), [&](const Found& index) { return index.where.empty() && index.method.empty() && covers(index.columns, key->columns); })) continue;
    auto& finding = report(context, rule, findings,
                           "No index leads with " + join(key->columns, ", ") + ": deleting a row of " + key->references.text() + " reads all of " + final_name.text() + ", and so do joins.");
    auto name = final_name.name;
    for (const auto& column : key->columns) name += "_" + column;
    name = "ix_" + name;
    const auto longest = context.dialect.lint().longest_name;
    if (longest > 0 && name.size() > longest) continue;
    Fix fix;
    fix.statements = {std::string(context.sql()), "CREATE INDEX " + context.quote(name) + " ON " + context.quote(statement.name) + " (" + context.quote_list(key->columns) + ")"};
    if (statement.verb == Verb::alter_table) fix.undo = {"DROP INDEX " + context.quote(QualifiedName{statement.name.schema, name})};
    finding.fix = std::move(fix);
  }
}

void check_duplicate_index(const Context& context, const Rule& rule, Findings& findings) {
  each_pair(context, [&](const Found& index, const Found& other) {
    if (!duplicates(index, other)) return;
    report(context, rule, findings, label(index) + " indexes the same as " + label(other) + " on " + context.parsed().name.text() + ": it costs every write and serves no query more.").hint =
        "leave it out";
  });
}

void check_redundant_index(const Context& context, const Rule& rule, Findings& findings) {
  each_pair(context, [&](const Found& index, const Found& other) {
    if (duplicates(index, other) || !index.exact || !other.exact || index.method != other.method || !index.method.empty() || index.where != other.where || index.columns.empty()) return;
    const auto starts = [](const Found& longer, const Found& shorter) {
      return longer.columns.size() >= shorter.columns.size() && std::equal(shorter.columns.begin(), shorter.columns.end(), longer.columns.begin()) &&
             longer.direction.starts_with(shorter.direction);
    };
    if (!index.unique && starts(other, index)) {
      report(context, rule, findings, label(other) + " begins with the columns of " + label(index) + " and serves the same queries.").hint = "leave it out";
    } else if (!other.unique && !other.name.empty() && starts(index, other) && context.parsed().verb != Verb::create_table) {
      report(context, rule, findings, label(index) + " begins with the columns of " + other.name + ", which serves nothing more now.").hint = "drop " + other.name;
    }
  });
}

void check_narrow_key(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto narrow = context.dialect.lint().narrow_key;
  if (!makes_table(statement) || narrow == nullptr || statement.temporary) return;
  for (const auto* key : constraints_of(statement)) {
    if (key->kind != Constraint::Kind::primary_key || key->columns.size() != 1 || !key->using_index.empty()) continue;
    const parsed::Column* column = nullptr;
    for (const auto& item : statement.columns) {
      if (equal_ignoring_case(item.name, key->columns.front())) column = &item;
    }
    for (const auto& action : statement.actions) {
      if (action.kind == Action::Kind::add_column && equal_ignoring_case(action.name, key->columns.front())) column = &action.column;
    }
    if (column == nullptr || !narrow(column->type)) continue;
    // A key that others give it is as wide as theirs.
    const bool foreign = std::any_of(statement.constraints.begin(), statement.constraints.end(), [&](const Constraint& other) {
      return other.kind == Constraint::Kind::foreign_key && other.columns.size() == 1 && equal_ignoring_case(other.columns.front(), column->name);
    });
    if (foreign) continue;
    auto& finding = report(context, rule, findings, "The key " + statement.name.text() + "." + column->name + " is " + column->type + ": its numbers can run out, and widening it later writes the whole table anew.");
    std::string sql(context.sql());
    const auto old = lower(column->type);
    const std::string wide = old.find("serial") != std::string::npos ? "bigserial" : old.find("unsigned") != std::string::npos ? "bigint unsigned" : "bigint";
    sql.replace(column->type_range.begin, column->type_range.end - column->type_range.begin, wide);
    finding.fix = Fix{.statements = {sql}, .automatic = false};
  }
}

namespace {

/// The names that a statement gives: what it is, and the name.
std::vector<std::pair<std::string, std::string>> names_given(const parsed::Statement& statement) {
  std::vector<std::pair<std::string, std::string>> names;
  const auto add = [&](const std::string& what, const std::string& name) {
    if (!name.empty()) names.emplace_back(what, name);
  };
  if (statement.verb == Verb::create_table) add("table", statement.name.name);
  if (statement.verb == Verb::create_view) add("view", statement.name.name);
  if (statement.verb == Verb::create_type) add("type", statement.name.name);
  if (statement.verb == Verb::create_index) add("index", statement.object);
  for (const auto& column : statement.columns) add("column", column.name);
  for (const auto* constraint : constraints_of(statement)) add("constraint", constraint->name);
  for (const auto& index : statement.indexes) add("index", index.name);
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_column) add("column", action.name);
    if (action.kind == Action::Kind::add_index) add("index", action.name);
    if (action.kind == Action::Kind::rename_column || (action.kind == Action::Kind::change_column && action.to != action.name)) add("column", action.to);
    if (action.kind == Action::Kind::rename_table) add("table", action.to);
    if (action.kind == Action::Kind::rename_index) add("index", action.to);
    if (action.kind == Action::Kind::rename_constraint) add("constraint", action.to);
  }
  return names;
}

}  // namespace

void check_reserved(const Context& context, const Rule& rule, Findings& findings) {
  const auto reserved = context.dialect.lint().reserved;
  if (reserved == nullptr) return;
  const auto* old = made_anew(context);
  for (const auto& [what, name] : names_given(context.parsed())) {
    if (old != nullptr && find_named(old->columns, name) != nullptr) continue;
    if (reserved(name)) report(context, rule, findings, "The " + what + " name " + name + " is a reserved word: everybody has to quote it.").hint = "choose another name";
  }
}

void check_long_name(const Context& context, const Rule& rule, Findings& findings) {
  const auto& support = context.dialect.lint();
  if (support.longest_name == 0) return;
  for (const auto& [what, name] : names_given(context.parsed())) {
    if (name.size() <= support.longest_name) continue;
    report(context, rule, findings, "The " + what + " name " + name + " is longer than " + std::to_string(support.longest_name) + " bytes: the server " + (support.cuts_names ? "cuts it without a word." : "refuses it."))
        .hint = "choose a shorter name";
  }
}

void check_unnamed(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (!makes_table(statement) || !context.dialect.lint().names_constraints || statement.temporary) return;
  for (const auto* constraint : constraints_of(statement)) {
    if (!constraint->name.empty() || constraint->kind == Constraint::Kind::primary_key || constraint->of_column || !constraint->using_index.empty()) continue;
    if (statement.verb == Verb::create_table && constraint->kind == Constraint::Kind::unique) continue;
    const std::string what = constraint->kind == Constraint::Kind::foreign_key ? "foreign key" : constraint->kind == Constraint::Kind::check ? "check" : constraint->kind == Constraint::Kind::unique ? "unique constraint" : "constraint";
    auto& finding = report(context, rule, findings, "The " + what + " has no name: the server chooses one, and what drops or changes it later has to guess.");
    const std::string prefix = constraint->kind == Constraint::Kind::foreign_key ? "fk_" : constraint->kind == Constraint::Kind::check ? "ck_" : "uq_";
    auto name = prefix + statement.name.name;
    for (const auto& column : constraint->columns) name += "_" + column;
    std::string sql(context.sql());
    sql.insert(constraint->range.begin, "CONSTRAINT " + context.quote(name) + " ");
    // In the downgrade the server's name may stand already.
    finding.fix = Fix{.statements = {sql}, .automatic = false};
  }
}

void check_transaction_control(const Context& context, const Rule& rule, Findings& findings) {
  const auto verb = context.parsed().verb;
  if (verb != Verb::begin && verb != Verb::commit && verb != Verb::rollback) return;
  if (!context.transaction) return;  // where statements commit one by one they mean what they say
  auto& finding = report(context, rule, findings, verb == Verb::rollback ? "ROLLBACK in a unit would undo its record in the versions table: `migrate upgrade` refuses it."
                                                                         : context.parsed().word + " does nothing here: the unit has its transaction already.");
  if (verb != Verb::rollback) finding.fix = Fix{};
  finding.hint = "take it out";
}

namespace {

constexpr Rule table[] = {
    {"ALL001", Severity::error, "a table dropped", check_drop_table},
    {"ALL002", Severity::error, "a column dropped", check_drop_column},
    {"ALL003", Severity::error, "a schema or database dropped", check_drop_schema},
    {"ALL004", Severity::error, "a type narrowed", check_narrowing},
    {"ALL005", Severity::error, "a drop and an add that look like a rename", check_unresolved_rename},
    no_way_back,
    {"ALL007", Severity::error, "a table emptied by TRUNCATE", check_truncate},
    {"ALL010", Severity::warning, "a table renamed", check_rename_table},
    {"ALL011", Severity::warning, "a column renamed", check_rename_column},
    {"ALL012", Severity::error, "a NOT NULL column without a default", check_required_column},
    {"ALL013", Severity::warning, "a check replaced by a stricter one", check_tightened},
    {"ALL020", Severity::warning, "UPDATE or DELETE without WHERE", check_no_where, true},
    {"ALL021", Severity::warning, "many rows changed in one statement", check_backfill},
    {"ALL022", Severity::warning, "DDL and bulk data in one transaction", check_data_with_ddl},
    {"ALL030", Severity::warning, "a foreign key without an index", check_key_index},
    {"ALL031", Severity::warning, "an index that is there already", check_duplicate_index},
    {"ALL032", Severity::note, "an index that another one makes redundant", check_redundant_index},
    {"ALL033", Severity::note, "a narrow key", check_narrow_key},
    {"ALL034", Severity::note, "a reserved word as a name", check_reserved},
    {"ALL035", Severity::error, "a name that is too long", check_long_name, true},
    {"ALL036", Severity::note, "a constraint without a name", check_unnamed},
    {"ALL037", Severity::warning, "BEGIN, COMMIT or ROLLBACK in a unit", check_transaction_control, true},
    bad_allow,
};

}  // namespace

std::span<const Rule> common_rules() { return table; }

}  // namespace migrate::lint
