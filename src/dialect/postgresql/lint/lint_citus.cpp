// What Citus refuses of tables that are spread over its cluster.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

using lint::Context;
using lint::Findings;
using lint::Rule;
using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

struct Spreading {
  Spread kind = Spread::plain;
  std::string column;  ///< of a distributed table; "" for a single shard
};

/// Reads `SELECT create_distributed_table('t', 'column', ...)` and its like in a unit.
Spreading read_call(const Context& context, std::string_view sql, const QualifiedName& table) {
  const auto tokens = tokenize(sql, lexical_rules());
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    if (!tokens[i + 1].is_symbol("(") || tokens[i + 2].kind != TokenKind::string) continue;
    if (!context.same(parse_name(unquote_text(tokens[i + 2].text)), table)) continue;
    if (tokens[i].is("create_reference_table")) return {Spread::reference, ""};
    if (tokens[i].is("citus_add_local_table_to_metadata")) return {Spread::local_metadata, ""};
    if (!tokens[i].is("create_distributed_table") && !tokens[i].is("create_distributed_table_concurrently")) continue;
    const bool named = i + 4 < tokens.size() && tokens[i + 4].kind == TokenKind::string;
    return {Spread::distributed, named ? unquote_text(tokens[i + 4].text) : ""};
  }
  return {};
}

/// How a table is spread when the statement in hand runs: as the database has it, or as the unit in front of it says.
Spreading spreading(const Context& context, const QualifiedName& name) {
  for (std::size_t i = context.at; i-- > 0;) {
    const auto& earlier = context.items[i];
    if (earlier.parsed.verb != Verb::select) continue;
    if (auto read = read_call(context, earlier.source.text, name); read.kind != Spread::plain) return read;
    if (lower(earlier.source.text).find("undistribute_table") != std::string::npos) return {};
  }
  const auto* table = context.table(name);
  if (table == nullptr) return {};
  const auto by = table->options.find(distributed_column);
  return {spread_of(table->options), by == table->options.end() ? "" : by->second};
}

bool has_column(const std::vector<std::string>& columns, const std::string& column) { return std::find(columns.begin(), columns.end(), column) != columns.end(); }

void check_key(const Context& context, const Rule& rule, Findings& findings, const Spreading& spread, const std::string& what, const std::vector<std::string>& columns) {
  if (has_column(columns, spread.column)) return;
  report(context, rule, findings, "Citus refuses " + what + " of " + context.parsed().name.text() + ": it does not hold " + spread.column + ", by which the table is distributed.").hint =
      "take " + spread.column + " into it: only rows of one shard are looked at for uniqueness";
}

}  // namespace

void check_citus_key(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const bool index = statement.verb == Verb::create_index && statement.index.unique;
  if (!index && statement.verb != Verb::alter_table) return;
  const auto spread = spreading(context, statement.name);
  if (spread.kind != Spread::distributed || spread.column.empty()) return;
  if (index) return check_key(context, rule, findings, spread, "the unique index " + statement.object, column_names(statement.index.parts));
  for (const Action& action : statement.actions) {
    std::vector<const Constraint*> added;
    if (action.kind == Action::Kind::add_constraint) added.push_back(&action.constraint);
    if (action.kind == Action::Kind::add_column) {
      for (const auto& constraint : action.column.constraints) added.push_back(&constraint);
    }
    for (const auto* constraint : added) {
      if (constraint->kind != Constraint::Kind::unique && constraint->kind != Constraint::Kind::primary_key) continue;
      if (!constraint->using_index.empty()) continue;  // its index was looked at
      check_key(context, rule, findings, spread, constraint->kind == Constraint::Kind::unique ? "the unique constraint" : "the primary key", constraint->columns);
    }
  }
}

void check_citus_column(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table) return;
  const auto spread = spreading(context, statement.name);
  if (spread.kind != Spread::distributed || spread.column.empty()) return;
  for (const Action& action : statement.actions) {
    const bool retyped = action.kind == Action::Kind::set_type;
    if ((!retyped && action.kind != Action::Kind::drop_column) || action.name != spread.column) continue;
    report(context, rule, findings, std::string("Citus refuses to ") + (retyped ? "retype " : "drop ") + statement.name.text() + "." + action.name + ": the table is distributed by it.").hint =
        "undistribute_table, the change, and create_distributed_table again write the table twice; or distribute by another column first (alter_distributed_table)";
  }
}

void check_citus_numbers(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::alter_table || spreading(context, statement.name).kind == Spread::plain) return;
  for (const Action& action : statement.actions) {
    const bool added = action.kind == Action::Kind::add_column && (action.column.auto_number || action.column.identity);
    if (!added && action.kind != Action::Kind::add_identity) continue;
    report(context, rule, findings, "Citus refuses a serial or identity column that is added to " + statement.name.text() + ", which is spread over the cluster.").hint =
        "add a bigint column, CREATE SEQUENCE, and SET DEFAULT nextval('...')";
  }
}

void check_citus_trigger(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::create_trigger) return;
  const auto kind = spreading(context, statement.name).kind;
  if (kind != Spread::distributed && kind != Spread::reference) return;
  report(context, rule, findings, std::string("Citus has no triggers on ") + (kind == Spread::reference ? "reference" : "distributed") + " tables: it refuses " + statement.object + " of " + statement.name.text() + ".")
      .hint = "do it in the program, or keep the table local (local_metadata)";
}

}  // namespace migrate::postgresql
