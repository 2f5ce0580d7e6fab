#include "dialect/mysql/lint/lint.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

using lint::Findings;
using lint::Fix;
using lint::Rule;
using lint::Severity;
using parsed::Action;
using parsed::Constraint;
using parsed::Verb;

/// DDL on something that is in use.
bool changes_structure(const lint::Context& context, std::size_t at) {
  const auto& item = context.items[at];
  if (item.kind != StatementClass::definition || item.parsed.temporary) return false;
  switch (item.parsed.verb) {
    case Verb::alter_table:
    case Verb::create_index:
    case Verb::drop_index:
    case Verb::drop_table:
    case Verb::rename_table:
    case Verb::truncate: return !context.fresh(item.parsed.name);
    default: return false;
  }
}

/// Whether the second ALTER can be part of the first: it names nothing that the first renames.
bool can_join(const lint::Context& context, std::size_t first, std::size_t second) {
  const auto& a = context.items[first].parsed;
  const auto& b = context.items[second].parsed;
  if (a.verb != Verb::alter_table || b.verb != Verb::alter_table || lint::key_of(a.name, context.facts.server) != lint::key_of(b.name, context.facts.server)) return false;
  // Instant changes stay so together; an index that is built along with them would make them a rebuild.
  const auto work = [&](std::size_t at) {
    return work_of(lint::Context{context.dialect, context.facts, context.state, context.created, context.items, at, context.transaction});
  };
  if (work(first) != work(second) || work(first) == Work::in_place) return false;
  std::set<std::string> touched;
  for (const auto& action : a.actions) {
    if (action.kind == Action::Kind::rename_table || action.kind == Action::Kind::rename_column || action.kind == Action::Kind::change_column || action.kind == Action::Kind::other) return false;
    if (action.kind == Action::Kind::option) return false;
    touched.insert(lower(action.name));
  }
  return std::all_of(b.actions.begin(), b.actions.end(), [&](const Action& action) {
    using Kind = Action::Kind;
    if (action.kind == Kind::rename_table || action.kind == Kind::other || action.kind == Kind::option || action.kind == Kind::convert_charset) return false;
    const bool builds = action.kind == Kind::add_index || action.kind == Kind::add_constraint;
    return builds || !touched.contains(lower(action.name));
  });
}

void check_several(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!changes_structure(context, context.at)) return;
  const auto next = context.at + 1;
  for (std::size_t i = 0; i < context.at; ++i) {
    if (changes_structure(context, i)) return;  // said at the first one
  }
  std::size_t others = 0;
  for (std::size_t i = next; i < context.items.size(); ++i) others += changes_structure(context, i) ? 1 : 0;
  if (others == 0) return;
  auto& finding = report(context, rule, findings, "Each of the " + std::to_string(others + 1) + " DDL statements on tables in use commits by itself: where one fails, those before it stay.");
  finding.hint = "one ALTER TABLE for each table, and a unit for each";
  if (next >= context.items.size() || !can_join(context, context.at, next)) return;
  Fix fix;
  std::string joined(context.sql());
  const auto& other = context.items[next];
  joined += "," + other.source.text.substr(other.parsed.head.end);
  fix.statements = {joined};
  fix.swallows = 1;
  finding.fix = std::move(fix);
}

void check_mixed(const lint::Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const bool data = statement.verb == Verb::insert || statement.verb == Verb::update || statement.verb == Verb::remove;
  if (!data || context.fresh(statement.name)) return;
  for (std::size_t i = 0; i < context.at; ++i) {
    const auto verb = context.items[i].parsed.verb;
    if (verb == Verb::insert || verb == Verb::update || verb == Verb::remove) {
      if (!context.fresh(context.items[i].parsed.name)) return;  // said at the first one
    }
  }
  for (std::size_t i = 0; i < context.items.size(); ++i) {
    if (!changes_structure(context, i)) continue;
    auto& finding = report(context, rule, findings, "The DDL in line " + std::to_string(context.items[i].source.location.line) + " commits by itself: it does not go back when this " + statement.word + " fails, nor the other way around.");
    finding.hint = "put the data into a unit of its own";
    return;
  }
}

// ---- columns -----------------------------------------------------------------------------------------------------------

/// The default as SQL.
std::string default_text(const Column& column) {
  if (!column.default_value) return "";
  const auto& text = column.default_value->text;
  if (column.default_value->expression) return text;
  const bool number = !text.empty() && text.find_first_not_of("0123456789.-+eE") == std::string::npos;
  return number ? text : quote_text(text);
}

void check_modify(const lint::Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (context.fresh(statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::change_column)) {
    const auto* old = context.column(statement.name, action.name);
    if (old == nullptr) continue;
    const auto& next = action.column;
    std::vector<std::string> lost;
    std::string missing;
    const auto lose = [&](const std::string& what, const std::string& sql) {
      lost.push_back(what);
      missing += " " + sql;
    };
    const bool is_key = [&] {
      const auto* table = context.table(statement.name);
      return table != nullptr && table->primary_key && std::any_of(table->primary_key->parts.begin(), table->primary_key->parts.end(), [&](const IndexPart& part) { return equal_ignoring_case(part.column, old->name); });
    }();
    if (!old->nullable && !next.not_null && !next.null && !is_key) lose("NOT NULL", "NOT NULL");
    const auto old_default = default_text(*old);
    if (!old_default.empty() && upper(old_default) != "NULL" && !next.default_sql && !next.auto_number) lose("DEFAULT " + old_default, "DEFAULT " + old_default);
    if (old->identity && !next.auto_number) lose("AUTO_INCREMENT", "AUTO_INCREMENT");
    if (const auto it = old->options.find("on_update"); it != old->options.end() && next.on_update.empty()) lose("ON UPDATE " + it->second, "ON UPDATE " + it->second);
    if (!old->comment.empty() && old->comment != "-" && !next.commented) lose("the comment", "COMMENT " + quote_text(old->comment));
    if (lost.empty()) continue;
    auto& finding = report(context, rule, findings, "It says the whole column anew and leaves out what " + statement.name.text() + "." + action.name + " has: " + join(lost, ", ") + (lost.size() == 1 ? " is lost." : " are lost."));
    auto text = std::string(context.text(action.range));
    const auto at = next.place.empty() ? std::string::npos : lower(text).rfind(next.place == "first" ? " first" : " after");
    text.insert(at == std::string::npos ? text.size() : at, missing);
    finding.fix = Fix{.statements = {context.with_action(action, text)}};
  }
}

void check_inline_reference(const lint::Context& context, const Rule& rule, Findings& findings) {
  const bool mariadb = context.facts.server.product == "MariaDB";
  if (context.facts.version >= (mariadb ? 100500 : 90000)) return;
  const auto& statement = context.parsed();
  const auto look = [&](const parsed::Column& column, bool create) {
    for (const auto& key : column.constraints) {
      if (key.kind != Constraint::Kind::foreign_key) continue;
      auto& finding = report(context, rule, findings, "This server reads REFERENCES behind a column and ignores it: " + statement.name.text() + "." + column.name + " gets no foreign key.");
      const auto clause = std::string(context.text(key.range));
      const auto references = lower(clause).find("references");
      if (references == std::string::npos) continue;
      const auto name = key.name.empty() ? "fk_" + statement.name.name + "_" + column.name : key.name;
      std::string sql(context.sql());
      std::string own = (create ? ",\n  CONSTRAINT " : ", ADD CONSTRAINT ") + quote_name(name) + " FOREIGN KEY (" + quote_name(column.name) + ") " + clause.substr(references);
      sql.insert(column.range.end, own);
      auto from = key.range.begin;
      while (from > 0 && sql[from - 1] == ' ') --from;
      sql.erase(from, key.range.end - from);
      finding.fix = Fix{.statements = {sql}};
    }
  };
  if (statement.verb == Verb::create_table) {
    for (const auto& column : statement.columns) look(column, true);
  }
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_column) look(action.column, false);
  }
}

void check_parent(const lint::Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto look = [&](const Constraint& key) {
    if (key.kind != Constraint::Kind::foreign_key || key.referenced_columns.empty()) return;
    const Table* parent = context.table(key.references);
    const bool itself = statement.verb == Verb::create_table && lint::key_of(key.references, context.facts.server) == lint::key_of(statement.name, context.facts.server);
    const auto names = [](std::vector<std::string> list) {
      for (auto& name : list) name = lower(name);
      std::sort(list.begin(), list.end());
      return list;
    };
    const auto wanted = names(key.referenced_columns);
    bool unique = false;
    if (itself) {
      for (const auto& other : statement.constraints) unique = unique || ((other.kind == Constraint::Kind::primary_key || other.kind == Constraint::Kind::unique) && names(other.columns) == wanted);
      for (const auto& index : statement.indexes) unique = unique || (index.unique && names(column_names(index.parts)) == wanted);
    } else if (parent == nullptr) {
      return;
    } else {
      unique = (parent->primary_key && names(column_names(parent->primary_key->parts)) == wanted) ||
               std::any_of(parent->uniques.begin(), parent->uniques.end(), [&](const Unique& other) { return names(column_names(other.parts)) == wanted; }) ||
               std::any_of(parent->indexes.begin(), parent->indexes.end(), [&](const Index& other) { return other.unique && names(column_names(other.parts)) == wanted; });
    }
    if (unique) return;
    report(context, rule, findings, "The columns that it refers to, " + key.references.text() + " (" + join(key.referenced_columns, ", ") + "), are not unique: InnoDB lets it pass, a row may have several parents, and MySQL 8.4 refuses it.").hint =
        "refer to the primary key, or make them unique first";
  };
  for (const auto& constraint : statement.constraints) look(constraint);
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_constraint) look(action.constraint);
  }
}

/// The columns that a statement defines.
std::vector<const parsed::Column*> columns_of(const parsed::Statement& statement) {
  std::vector<const parsed::Column*> columns;
  for (const auto& column : statement.columns) columns.push_back(&column);
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::add_column || action.kind == Action::Kind::change_column) columns.push_back(&action.column);
  }
  return columns;
}

void check_money(const lint::Context& context, const Rule& rule, Findings& findings) {
  static const std::vector<std::string> words{"price", "amount", "total", "cost", "balance", "fee", "salary", "tax", "money", "revenue", "payment", "discount", "credit", "debit", "wage", "budget", "invoice"};
  for (const auto* column : columns_of(context.parsed())) {
    const auto name = parsed::type_name(column->type);
    const bool floating = name == "float" || name == "double" || name == "real" || name == "double precision" || name == "float unsigned" || name == "double unsigned";
    const auto parts = split(replace_all(lower(column->name), "_", " "), ' ');
    const bool money = std::any_of(parts.begin(), parts.end(), [&](const std::string& part) { return std::find(words.begin(), words.end(), part.ends_with('s') ? part.substr(0, part.size() - 1) : part) != words.end(); });
    if (!floating || !money) continue;
    auto& finding = report(context, rule, findings, column->name + " is " + column->type + ": binary fractions cannot hold 0.10, and sums drift from the cent.");
    std::string sql(context.sql());
    sql.replace(column->type_range.begin, column->type_range.end - column->type_range.begin, "decimal(12,2)");
    finding.fix = Fix{.statements = {sql}, .automatic = false};
  }
}

// ---- tables ------------------------------------------------------------------------------------------------------------

/// The statement with utf8mb4 in place of utf8 and utf8mb3.
std::string with_utf8mb4(std::string_view sql) {
  std::string out;
  std::size_t done = 0;
  for (const auto& token : tokenize(sql, lexical_rules())) {
    if (token.kind != TokenKind::word && token.kind != TokenKind::string) continue;
    const auto word = lower(token.kind == TokenKind::string ? unquote_text(token.text) : std::string(token.text));
    std::string to;
    if (word == "utf8" || word == "utf8mb3") to = "utf8mb4";
    if (word.starts_with("utf8_")) to = "utf8mb4_" + word.substr(5);
    if (word.starts_with("utf8mb3_")) to = "utf8mb4_" + word.substr(8);
    if (to.empty()) continue;
    out += sql.substr(done, token.offset - done);
    out += token.kind == TokenKind::string ? quote_text(to) : to;
    done = token.offset + token.text.size();
  }
  return out + std::string(sql.substr(done));
}

void check_charset(const lint::Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  const auto old = [](const std::string& name) { return name == "utf8" || name == "utf8mb3" || name.starts_with("utf8_") || name.starts_with("utf8mb3_"); };
  bool found = false;
  for (const auto* key : {"charset", "collate"}) {
    const auto it = statement.options.find(key);
    found = found || (it != statement.options.end() && old(it->second));
  }
  for (const auto* column : columns_of(statement)) found = found || old(column->charset) || old(lower(column->collation));
  for (const auto& action : statement.actions) {
    const bool names_it = action.kind == Action::Kind::convert_charset || (action.kind == Action::Kind::option && (action.name == "charset" || action.name == "collate"));
    found = found || (names_it && (old(action.to) || old(action.expression)));
  }
  if (!found) return;
  auto& finding = report(context, rule, findings, "utf8 and utf8mb3 hold three bytes for a character: no emoji, no rare scripts, and MySQL gives them up.");
  finding.fix = Fix{.statements = {with_utf8mb4(context.sql())}};
}

void check_engine(const lint::Context& context, const Rule& rule, Findings& findings) {
  static const std::set<std::string, std::less<>> bad{"myisam", "aria", "memory", "heap", "csv", "archive", "merge", "mrg_myisam", "blackhole"};
  const auto& statement = context.parsed();
  std::string engine;
  if (statement.verb == Verb::create_table && !statement.temporary) {
    const auto it = statement.options.find("engine");
    if (it != statement.options.end()) engine = it->second;
  }
  for (const auto& action : statement.actions) {
    if (action.kind == Action::Kind::option && action.name == "engine") engine = action.to;
  }
  if (!bad.contains(engine)) return;
  auto& finding = report(context, rule, findings, "Tables of " + engine + " know no transactions: what a failed unit wrote stays, and most know no foreign keys.");
  std::string sql(context.sql());
  const auto tokens = tokenize(sql, lexical_rules());
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    if (lower(unquote_name(tokens[i].text)) != engine || !(tokens[i - 1].is_symbol("=") || tokens[i - 1].is("ENGINE"))) continue;
    sql.replace(tokens[i].offset, tokens[i].text.size(), "InnoDB");
    finding.fix = Fix{.statements = {sql}};
    break;
  }
}

/// Triggers, functions, events, and procedures of more than one statement: vtgate takes them for errors of syntax, or parts them at a ';'.
void check_vtgate(const lint::Context& context, const Rule& rule, Findings& findings) {
  if (!context.facts.server.defaults.contains("vitess")) return;
  const auto tokens = tokenize(context.sql(), lexical_rules());
  if (tokens.empty() || !(tokens[0].is("CREATE") || tokens[0].is("ALTER"))) return;
  for (std::size_t i = 1; i < tokens.size() && i < 12; ++i) {
    if (tokens[i].is("TABLE") || tokens[i].is("VIEW") || tokens[i].is("INDEX")) return;
    for (const auto* kind : {"TRIGGER", "FUNCTION", "PROCEDURE", "EVENT"}) {
      if (!tokens[i].is(kind)) continue;
      report(context, rule, findings, "vtgate does not read CREATE " + std::string(kind) + ": Vitess has no " + lower(kind) + "s that go through it.").hint = "do it in the program";
      return;
    }
  }
}

constexpr Rule rule_table[] = {
    {"MY001", Severity::note, "several DDL statements in one unit", check_several},
    {"MY002", Severity::warning, "DDL mixed with data", check_mixed},
    {"MY003", Severity::warning, "a change that copies the table", check_copy},
    {"MY004", Severity::warning, "a change that writes the table anew", check_rebuild},
    {"MY005", Severity::warning, "a column that cannot be added or dropped instantly", check_instant},
    {"MY006", Severity::warning, "a change in place that makes writes wait", check_blocking},
    {"MY007", Severity::error, "MODIFY or CHANGE that drops attributes", check_modify},
    {"MY008", Severity::warning, "utf8mb3", check_charset},
    {"MY009", Severity::error, "REFERENCES behind a column, which is ignored", check_inline_reference},
    {"MY010", Severity::warning, "a foreign key to columns that are not unique", check_parent},
    {"MY011", Severity::warning, "a floating point number for money", check_money},
    {"MY012", Severity::warning, "an engine without transactions", check_engine},
    {"MY013", Severity::note, "a change of a big table without ALGORITHM and LOCK", check_algorithm},
    {"MY014", Severity::error, "a trigger, function, procedure or event (Vitess)", check_vtgate, true},
};

bool is_narrow(std::string_view type) {
  const auto name = std::string(parsed::type_name(type));
  for (const auto* narrow : {"int", "integer", "mediumint", "smallint", "tinyint", "int4", "int2", "int3", "int1", "middleint"}) {
    if (name == narrow || name.starts_with(std::string(narrow) + " ")) return true;
  }
  return false;
}

bool is_reserved_name(std::string_view name) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); });
  return plain && is_reserved(name);
}

std::map<QualifiedName, long long> table_rows(Connection& connection, const Schema&) {
  std::map<QualifiedName, long long> rows;
  // An estimate; the size keeps it from being 0 where statistics are not there yet.
  const auto result = connection.query(R"(
    SELECT table_name, GREATEST(COALESCE(table_rows, 0), CASE WHEN COALESCE(table_rows, 0) = 0 AND data_length > 65536 THEN data_length DIV 200 ELSE 0 END)
      FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE')");
  for (const auto& row : result.rows) rows[{"", lower(row[0].value_or(""))}] = std::atoll(row[1].value_or("0").c_str());
  return rows;
}

std::map<QualifiedName, long long> table_bytes(Connection& connection) {
  std::map<QualifiedName, long long> bytes;
  const auto result = connection.query(R"(
    SELECT table_name, COALESCE(data_length, 0) + COALESCE(index_length, 0)
      FROM information_schema.tables
     WHERE table_schema = DATABASE() AND table_type = 'BASE TABLE')");
  for (const auto& row : result.rows) bytes[{"", lower(row[0].value_or(""))}] = std::atoll(row[1].value_or("0").c_str());
  return bytes;
}

/// A loop needs a procedure here: the finding shows a batch.
std::string batched_update(const lint::Context&, const parsed::Statement&) { return ""; }

}  // namespace

const lint::Support& lint_support() {
  static const lint::Support support{.prefix = "MY",
                                     .rules = rule_table,
                                     .fold_case = false,
                                     .longest_name = 64,
                                     .cuts_names = false,
                                     .indexes_foreign_keys = true,
                                     .names_constraints = true,
                                     .reserved = is_reserved_name,
                                     .narrow_key = is_narrow,
                                     .table_rows = table_rows,
                                     .table_bytes = table_bytes,
                                     .batched = batched_update};
  return support;
}

}  // namespace migrate::mysql
