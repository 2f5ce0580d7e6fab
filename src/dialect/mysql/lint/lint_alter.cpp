// What an ALTER TABLE costs on InnoDB (MySQL manual, "Online DDL Operations"; MariaDB manual, "InnoDB Online DDL").
#include <algorithm>

#include "core/text.hpp"
#include "dialect/mysql/lint/lint.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

using lint::Findings;
using lint::Fix;
using lint::Rule;
using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

bool mariadb(const lint::Context& context) { return context.facts.server.product == "MariaDB"; }

/// Whether the server is at least this version of its flavour; 0: never.
bool since(const lint::Context& context, int mysql_version, int mariadb_version) {
  const int needed = mariadb(context) ? mariadb_version : mysql_version;
  return needed > 0 && context.facts.version >= needed;
}

bool is_fulltext(const Table* table) {
  return table != nullptr && std::any_of(table->indexes.begin(), table->indexes.end(), [](const Index& index) { return index.method == "fulltext"; });
}

bool is_compressed(const Table* table) {
  const auto it = table == nullptr ? Options::const_iterator{} : table->options.find("row_format");
  return table != nullptr && it != table->options.end() && lower(it->second) == "compressed";
}

bool is_indexed(const Table* table, const std::string& column) {
  if (table == nullptr) return false;
  const auto uses = [&](const std::vector<IndexPart>& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return equal_ignoring_case(part.column, column); });
  };
  return std::any_of(table->indexes.begin(), table->indexes.end(), [&](const Index& index) { return uses(index.parts); }) ||
         std::any_of(table->uniques.begin(), table->uniques.end(), [&](const Unique& unique) { return uses(unique.parts); });
}

std::string plain_type(std::string_view written) {
  auto type = lower(collapse_spaces(written));
  const auto name = std::string(parsed::type_name(type));
  if (name == "integer") type.replace(0, 7, "int");
  if (name == "dec" || name == "numeric") type.replace(0, name.size(), "decimal");
  if (name == "bool" || name == "boolean") type = "tinyint";
  // Display widths mean nothing.
  const auto base = std::string(parsed::type_name(type));
  if (base.ends_with("int")) {
    const auto close = type.find(')');
    if (type.find('(') != std::string::npos && close != std::string::npos) type = base + type.substr(close + 1);
  }
  return type;
}

int bytes_per_character(const lint::Context& context, const Column& column) {
  const auto it = column.options.find("charset");
  auto charset = it == column.options.end() ? std::string() : lower(it->second);
  if (charset.empty() && !column.collation.empty()) charset = column.collation.substr(0, column.collation.find('_'));
  if (charset.empty()) {
    const auto server = context.facts.server.defaults.find("charset");
    charset = server == context.facts.server.defaults.end() ? "utf8mb4" : server->second;
  }
  return charset == "latin1" || charset == "ascii" || charset == "binary" ? 1 : charset == "utf8" || charset == "utf8mb3" ? 3 : 4;
}

/// ENUM('a','b') to ENUM('a','b','c'): the values are numbers, and 255 of them fit into a byte.
bool appends_values(const std::string& from, const std::string& to) {
  if (!from.starts_with("enum(") || !to.starts_with("enum(")) return false;
  const auto head = from.substr(0, from.size() - 1);
  return to.starts_with(head + ",") && std::count(to.begin(), to.end(), ',') < 255;
}

Work work_of_type(const lint::Context& context, const Column& old, const parsed::Column& next) {
  const auto from = plain_type(old.type);
  const auto to = plain_type(next.type);
  const bool charset = (!next.charset.empty() && old.options.contains("charset") && lower(old.options.at("charset")) != next.charset) ||
                       (!next.collation.empty() && !old.collation.empty() && lower(old.collation) != lower(next.collation));
  if (charset) return Work::copy;
  if (from == to) return Work::instant;
  if (appends_values(from, to)) return Work::instant;
  if (from.starts_with("varchar(") && to.starts_with("varchar(")) {
    const int size = bytes_per_character(context, old);
    const int before = parsed::type_numbers(from).first * size;
    const int after = parsed::type_numbers(to).first * size;
    // The length takes one byte up to 255 and two above.
    if (after >= before && (before <= 255) == (after <= 255)) return Work::instant;
    return Work::copy;
  }
  return Work::copy;
}

Work work_of_change(const lint::Context& context, const Action& action) {
  const auto* table = context.table(context.parsed().name);
  const auto* old = context.column(context.parsed().name, action.name);
  if (old == nullptr) return Work::copy;
  auto work = work_of_type(context, *old, action.column);
  const bool becomes_null = !old->nullable && !action.column.not_null && !action.column.has(Constraint::Kind::primary_key);
  const bool becomes_required = old->nullable && action.column.not_null;
  if (becomes_required) work = std::max(work, Work::rebuild);
  if (becomes_null) work = std::max(work, Work::rebuild);
  if (!action.column.place.empty() && !since(context, 0, 100400)) work = std::max(work, Work::rebuild);
  if (action.column.auto_number && !old->identity) work = std::max(work, Work::copy);
  if (work == Work::instant && plain_type(old->type) != plain_type(action.column.type) && is_indexed(table, action.name) && !mariadb(context)) work = Work::in_place;
  return work;
}

Work work_of_added(const lint::Context& context, const Action& action) {
  const auto* table = context.table(context.parsed().name);
  const auto& column = action.column;
  if (column.auto_number) return Work::blocking;
  if (!column.generated.empty()) return column.stored ? Work::copy : Work::instant;
  Work work = Work::instant;
  const bool last_is_instant = since(context, 80012, 100302);
  const bool any_is_instant = since(context, 80029, 100400);
  if (!last_is_instant || (!column.place.empty() && !any_is_instant)) work = Work::rebuild;
  if (is_compressed(table) || (is_fulltext(table) && !mariadb(context))) work = Work::rebuild;
  if (column.has(Constraint::Kind::unique)) work = std::max(work, Work::in_place);
  if (column.has(Constraint::Kind::primary_key)) work = std::max(work, Work::rebuild);
  if (column.has(Constraint::Kind::check) && !mariadb(context)) work = Work::copy;
  if (column.has(Constraint::Kind::foreign_key) && mariadb(context)) work = Work::copy;
  return work;
}

bool keys_unchecked(const lint::Context& context) {
  bool off = false;
  for (std::size_t i = 0; i < context.at; ++i) {
    const auto& statement = context.items[i].parsed;
    if (statement.verb == Verb::set && statement.object.ends_with("foreign_key_checks")) off = statement.value == "0" || statement.value == "off";
  }
  return off;
}

Work work_of_constraint(const lint::Context& context, const Constraint& constraint) {
  switch (constraint.kind) {
    case Constraint::Kind::primary_key: return Work::rebuild;
    case Constraint::Kind::unique: return Work::in_place;
    case Constraint::Kind::foreign_key: return keys_unchecked(context) ? Work::in_place : Work::copy;
    default: return Work::copy;
  }
}

Work work_of_option(const lint::Context& context, const Action& action) {
  const auto* table = context.table(context.parsed().name);
  if (action.name == "engine") {
    const auto it = table == nullptr ? Options::const_iterator{} : table->options.find("engine");
    const bool same = action.to == "innodb" && (table == nullptr || it == table->options.end() || lower(it->second) == "innodb");
    return same ? Work::rebuild : Work::copy;
  }
  if (action.name == "force" || action.name == "row_format" || action.name == "key_block_size") return Work::rebuild;
  if (action.name == "order_by") return Work::copy;
  return Work::instant;
}

std::string_view algorithm(const lint::Context& context) {
  const auto it = context.parsed().options.find("algorithm");
  return it == context.parsed().options.end() ? std::string_view() : std::string_view(it->second);
}

std::string place(const lint::Context& context) { return context.shown(context.parsed().name); }

bool drops_columns(const lint::Context& context) {
  return std::any_of(context.parsed().actions.begin(), context.parsed().actions.end(),
                     [](const Action& action) { return action.kind == Action::Kind::add_column || action.kind == Action::Kind::drop_column; });
}

bool looked_at(const lint::Context& context) {
  const auto verb = context.parsed().verb;
  return (verb == Verb::alter_table || (verb == Verb::create_index)) && !context.small(context.parsed().name);
}

/// The first action that costs as much as the whole statement.
const Action* worst(const lint::Context& context) {
  const Action* found = nullptr;
  for (const auto& action : context.parsed().actions) {
    if (found == nullptr || work_of(context, action) > work_of(context, *found)) found = &action;
  }
  return found;
}

std::string action_text(const lint::Context& context) {
  const auto* action = worst(context);
  auto text = action == nullptr ? std::string(context.sql()) : std::string(context.text(action->range));
  text = collapse_spaces(text);
  return text.size() > 60 ? text.substr(0, 57) + "..." : text;
}

}  // namespace

Work work_of(const lint::Context& context, const Action& action) {
  using Kind = Action::Kind;
  switch (action.kind) {
    case Kind::add_column: return work_of_added(context, action);
    case Kind::drop_column: {
      if (is_compressed(context.table(context.parsed().name))) return Work::rebuild;
      if (!since(context, 80029, 100400)) return Work::rebuild;
      if (!is_indexed(context.table(context.parsed().name), action.name)) return Work::instant;
      return mariadb(context) ? Work::in_place : Work::rebuild;
    }
    case Kind::drop_index: return mariadb(context) ? Work::instant : Work::in_place;
    case Kind::change_column: return work_of_change(context, action);
    case Kind::add_constraint: return work_of_constraint(context, action.constraint);
    case Kind::add_index: return action.index.method == "fulltext" || action.index.method == "spatial" ? Work::blocking : Work::in_place;
    case Kind::drop_primary_key: {
      const auto& all = context.parsed().actions;
      const bool another = std::any_of(all.begin(), all.end(), [](const Action& other) { return other.kind == Kind::add_constraint && other.constraint.kind == Constraint::Kind::primary_key; });
      return another ? Work::rebuild : Work::copy;
    }
    case Kind::convert_charset: return Work::copy;
    case Kind::option: return work_of_option(context, action);
    default: return Work::instant;
  }
}

Work work_of(const lint::Context& context) {
  const auto& statement = context.parsed();
  if (statement.verb == Verb::create_index) return statement.index.method == "fulltext" || statement.index.method == "spatial" ? Work::blocking : Work::in_place;
  Work work = Work::instant;
  bool shape = false;
  for (const auto& action : statement.actions) {
    work = std::max(work, work_of(context, action));
    shape = shape || (action.kind == Action::Kind::add_column && action.column.generated.empty()) || action.kind == Action::Kind::drop_column;
  }
  // An index that is built in the statement that changes the columns is built with the table; to MySQL a column changes either
  // instantly, with nothing else in the statement that is not, or with the table.
  const bool builds = std::any_of(statement.actions.begin(), statement.actions.end(), [](const Action& action) {
    return action.kind == Action::Kind::add_index || action.kind == Action::Kind::add_constraint || action.column.has(Constraint::Kind::unique);
  });
  if (work == Work::in_place && shape && (builds || !mariadb(context))) work = Work::rebuild;
  return algorithm(context) == "copy" ? Work::copy : work;
}

void check_copy(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!looked_at(context) || work_of(context) != Work::copy) return;
  const auto* action = worst(context);
  const bool unknown = action != nullptr && action->kind == Action::Kind::change_column && context.column(context.parsed().name, action->name) == nullptr;
  auto& finding = report(context, rule, findings, std::string(unknown ? "As far as can be told here, " : "") + action_text(context) + " copies " + place(context) + " row by row, and all writes to it wait until that is done.");
  finding.hint = "gh-ost and pt-online-schema-change change a table in use";
  const bool key = action != nullptr && action->kind == Action::Kind::add_constraint && action->constraint.kind == Constraint::Kind::foreign_key;
  if (!key || context.parsed().actions.size() != 1) return;
  Fix fix;
  fix.statements = {"SET foreign_key_checks = 0", std::string(context.sql()) + ", ALGORITHM=INPLACE, LOCK=NONE", "SET foreign_key_checks = 1"};
  fix.automatic = false;
  finding.fix = std::move(fix);
  finding.hint = "without the checks nothing looks whether the rows that are there fit: do that first";
}

void check_rebuild(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!looked_at(context) || work_of(context) != Work::rebuild) return;
  const auto* action = worst(context);
  if (action != nullptr && (action->kind == Action::Kind::add_column || action->kind == Action::Kind::drop_column)) return;  // MY005
  auto& finding = report(context, rule, findings, action_text(context) + " writes all of " + place(context) + " anew; others can work, but replicas fall behind for as long.");
  if (algorithm(context).empty() && context.parsed().verb == Verb::alter_table) finding.fix = Fix{.statements = {std::string(context.sql()) + ", ALGORITHM=INPLACE, LOCK=NONE"}, .automatic = false};
  finding.hint = "with ALGORITHM and LOCK the server refuses rather than block; gh-ost and pt-online-schema-change throttle";
}

void check_instant(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!looked_at(context) || work_of(context) != Work::rebuild || !drops_columns(context)) return;
  const auto* action = worst(context);
  if (action == nullptr || (action->kind != Action::Kind::add_column && action->kind != Action::Kind::drop_column)) return;
  if (action->kind == Action::Kind::add_column && action->column.has(Constraint::Kind::unique)) {
    report(context, rule, findings, action_text(context) + " builds an index in the statement that adds the column: it writes all of " + place(context) + " anew.").hint =
        "add the column first, instantly, and then the index, in place";
    return;
  }
  if (action->kind == Action::Kind::drop_column && is_indexed(context.table(context.parsed().name), action->name)) {
    report(context, rule, findings, action_text(context) + " drops an index with the column: it writes all of " + place(context) + " anew.").hint =
        "drop the index first, in place, and then the column, instantly";
    return;
  }
  auto& finding = report(context, rule, findings, action_text(context) + " cannot be INSTANT on this server: it writes all of " + place(context) + " anew.");
  const bool adds = action->kind == Action::Kind::add_column;
  if (adds && !action->column.place.empty() && since(context, 80012, 100302) && !is_compressed(context.table(context.parsed().name))) {
    auto text = std::string(context.text(action->range));
    const auto at = lower(text).rfind(action->column.place == "first" ? " first" : " after");
    if (at != std::string::npos) finding.fix = Fix{.statements = {context.with_action(*action, text.substr(0, at)) + ", ALGORITHM=INSTANT"}, .automatic = false};
    finding.hint = "as the last column it is instant";
  } else {
    finding.hint = mariadb(context) ? "MariaDB adds columns instantly from 10.3 on, anywhere and drops them from 10.4 on"
                                    : "MySQL adds a last column instantly from 8.0.12 on, anywhere and drops them from 8.0.29 on, unless the table is compressed or has a FULLTEXT index";
  }
}

void check_blocking(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!looked_at(context) || work_of(context) != Work::blocking) return;
  report(context, rule, findings, action_text(context) + " lets nobody write to " + place(context) + " until it is done (LOCK=NONE is refused).").hint =
      "run it when writes can wait; gh-ost and pt-online-schema-change change a table in use";
}

void check_algorithm(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!looked_at(context) || !context.rows(context.parsed().name) || context.parsed().options.contains("algorithm") || context.parsed().options.contains("lock")) return;
  const auto work = work_of(context);
  const auto& actions = context.parsed().actions;
  const bool trivial = context.parsed().verb == Verb::alter_table && std::all_of(actions.begin(), actions.end(), [](const Action& action) {
    return action.kind == Action::Kind::rename_table || action.kind == Action::Kind::rename_index || action.kind == Action::Kind::drop_index || action.kind == Action::Kind::other ||
           action.kind == Action::Kind::drop_foreign_key || action.kind == Action::Kind::drop_constraint;
  });
  if (trivial || work > Work::in_place || (work == Work::instant && !since(context, 80012, 100302))) return;
  const std::string clause = work == Work::instant ? "ALGORITHM=INSTANT" : "ALGORITHM=INPLACE, LOCK=NONE";
  auto& finding = report(context, rule, findings, "Should this server not manage " + std::string(work == Work::instant ? "an instant change" : "it in place") + ", it copies " + place(context) + " without a word and makes writes wait.");
  const bool index = context.parsed().verb == Verb::create_index;
  finding.fix = Fix{.statements = {std::string(context.sql()) + (index ? " ALGORITHM=INPLACE LOCK=NONE" : ", " + clause)}};
}

}  // namespace migrate::mysql
