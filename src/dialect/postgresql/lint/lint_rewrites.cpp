// Rules about statements that write a table anew.
#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/lint/lint.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

using lint::Context;
using lint::Findings;
using lint::Fix;
using lint::Rule;
using parsed::Action;
using parsed::Verb;

bool word_among(const std::set<std::string, std::less<>>& words, std::string_view word) { return words.contains(lower(word)); }

/// The columns that an ALTER TABLE adds to a table that is in use.
template <class F>
void each_added_column(const Context& context, F&& function) {
  if (context.small(context.parsed().name)) return;
  for (const Action& action : context.altered(Action::Kind::add_column)) function(action);
}

std::string rewrite_text(const Context& context) { return "writes all of " + context.shown(context.parsed().name) + " anew, with its indexes, under an ACCESS EXCLUSIVE lock."; }

}  // namespace

bool is_volatile(std::string_view expression) {
  static const std::set<std::string, std::less<>> harmless{
      "now", "transaction_timestamp", "statement_timestamp", "current_setting", "current_schema", "current_user", "current_database", "date_trunc", "date_part",
      "extract", "lower", "upper", "coalesce", "nullif", "greatest", "least", "concat", "concat_ws", "format", "md5", "sha256", "encode", "decode", "length", "left",
      "right", "repeat", "replace", "substr", "substring", "trim", "to_timestamp", "to_date", "to_char", "to_number", "make_date", "make_interval", "make_time",
      "make_timestamp", "make_timestamptz", "timezone", "jsonb_build_object", "jsonb_build_array", "json_build_object", "json_build_array", "to_json", "to_jsonb",
      "array", "row", "cast", "abs", "round", "floor", "ceil", "mod", "power", "int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "point",
      "box", "varchar", "char", "numeric", "decimal", "bit", "time", "timestamp", "timestamptz", "interval", "character", "varying", "current_timestamp",
      "current_time", "localtimestamp", "localtime", "to_tsvector", "to_regclass", "age", "chr", "ascii", "txid_current", "uuid_nil", "st_makepoint", "and", "or", "not", "in",
      "case", "when", "then", "else"};
  const auto tokens = tokenize(expression, lexical_rules());
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    const bool name = tokens[i].kind == TokenKind::word || tokens[i].kind == TokenKind::quoted_name;
    if (name && tokens[i + 1].is_symbol("(") && !word_among(harmless, unquote_name(tokens[i].text))) return true;
  }
  return false;
}

std::string plain_type(std::string_view written) {
  auto type = lower(collapse_spaces(written));
  const auto open = type.find('(');
  const auto close = type.find(')', open == std::string::npos ? 0 : open);
  std::string name(trim(type.substr(0, open)));
  std::string numbers = open == std::string::npos || close == std::string::npos ? "" : type.substr(open, close - open + 1);
  std::string tail = close == std::string::npos || open == std::string::npos ? "" : type.substr(close + 1);  // timestamp(3) with time zone; []
  numbers = replace_all(numbers, " ", "");
  if (name.starts_with("pg_catalog.")) name.erase(0, 11);
  if (tail == " with time zone") name += "tz", tail.clear();
  if (tail == " without time zone") tail.clear();
  static const std::array<std::pair<std::string_view, std::string_view>, 19> aliases{{{"character varying", "varchar"}, {"character", "char"}, {"bpchar", "char"},
    {"int", "integer"}, {"int4", "integer"}, {"int8", "bigint"}, {"int2", "smallint"}, {"decimal", "numeric"}, {"dec", "numeric"}, {"float8", "double precision"},
    {"float", "double precision"}, {"float4", "real"}, {"bool", "boolean"}, {"timestamp without time zone", "timestamp"}, {"timestamp with time zone", "timestamptz"},
    {"time without time zone", "time"}, {"time with time zone", "timetz"}, {"bit varying", "varbit"}, {"double", "double precision"}}};
  for (const auto& [alias, plain] : aliases) {
    if (name == alias) {
      name = plain;
      break;
    }
  }
  return name + numbers + tail;
}

std::optional<bool> rewrites(std::string_view old_type, std::string_view new_type) {
  const auto from = plain_type(old_type);
  const auto to = plain_type(new_type);
  if (to.empty()) return std::nullopt;
  const std::string from_name(parsed::type_name(from));
  const std::string to_name(parsed::type_name(to));
  const auto [p1, s1] = parsed::type_numbers(from);
  const auto [p2, s2] = parsed::type_numbers(to);
  const bool to_open_text = (to_name == "text" || to_name == "varchar") && p2 < 0;
  if (from.empty()) return std::nullopt;
  if (from == to) return false;
  if ((from_name == "varchar" || from_name == "text" || from_name == "citext") && (to_open_text || to == "citext")) return false;
  if (from_name == "varchar" && to_name == "varchar") return p1 < 0 || p2 < p1;
  if (from_name == "varbit" && to_name == "varbit") return p2 >= 0 && (p1 < 0 || p2 < p1);
  if (from_name == "numeric" && to_name == "numeric") return p2 >= 0 && (p1 < 0 || p2 < p1 || std::max(s1, 0) != std::max(s2, 0));
  if (from == "cidr" && to == "inet") return false;
  if (from == "xml" && to_open_text) return false;
  // (timestamp to timestamptz and back is none where the session's TimeZone is UTC, which nobody knows here.)
  // A larger precision needs no new values; 6 is what a type without a number has.
  for (const auto* name : {"timestamp", "timestamptz", "time", "timetz", "interval"}) {
    if (from_name == name && to_name == name) return (p2 < 0 ? 6 : p2) < (p1 < 0 ? 6 : p1);
  }
  return true;
}

void check_volatile_default(const Context& context, const Rule& rule, Findings& findings) {
  each_added_column(context, [&](const Action& action) {
    const auto& column = action.column;
    if (!column.default_sql || column.auto_number) return;
    const bool old = context.facts.version > 0 && context.facts.version < 110000;
    if (!is_volatile(*column.default_sql) && !(old && upper(*column.default_sql) != "NULL")) return;
    auto& finding = report(context, rule, findings, "ADD COLUMN " + column.name + " with the default " + *column.default_sql + " " + rewrite_text(context));
    const auto& table = context.parsed().name;
    std::string added(context.text({action.range.begin, column.default_range.begin}));
    while (!added.empty() && added.back() == ' ') added.pop_back();
    added += context.text({column.default_range.end, action.range.end});
    Fix fix;
    const auto alter = "ALTER TABLE " + quote_name(table) + " ALTER COLUMN " + quote_name(column.name) + " ";
    if (column.not_null) {
      const auto at = lower(added).rfind("not null");
      if (at != std::string::npos) added.erase(at, 8);
      added = std::string(trim(added));
    }
    fix.statements = {context.with_action(action, added), alter + "SET DEFAULT " + *column.default_sql};
    parsed::Statement update;
    update.verb = Verb::update;
    update.name = table;
    update.assignments = quote_name(column.name) + " = " + *column.default_sql;
    update.where = true;
    update.condition = quote_name(column.name) + " IS NULL";
    const auto batched = lint_support().batched(context, update);
    fix.later = {batched.empty() ? "UPDATE " + quote_name(table) + " SET " + update.assignments + " WHERE " + update.condition + " AND id BETWEEN 1 AND 10000" : batched};
    if (column.not_null) {
      const auto name = quote_name(shorten_name(table.name + "_" + column.name + "_not_null"));
      const auto start = "ALTER TABLE " + quote_name(table) + " ";
      fix.later.insert(fix.later.end(), {start + "ADD CONSTRAINT " + name + " CHECK (" + quote_name(column.name) + " IS NOT NULL) NOT VALID",
                                         start + "VALIDATE CONSTRAINT " + name, alter + "SET NOT NULL", start + "DROP CONSTRAINT " + name});
    }
    fix.ordered = true;
    fix.automatic = !batched.empty();
    finding.fix = std::move(fix);
  });
}

void check_type(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (context.small(statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::set_type)) {
    const auto* column = context.column(statement.name, action.name);
    const auto from = column == nullptr ? std::string() : column->type;
    auto writes = rewrites(from, action.to);
    const auto plain_using = action.expression.empty() || normalize_sql(action.expression, lexical_rules()) == normalize_sql(quote_name(action.name), lexical_rules()) ||
                             normalize_sql(action.expression, lexical_rules()).starts_with(normalize_sql(quote_name(action.name), lexical_rules()) + "::");
    if (!plain_using) writes = true;
    if (writes && !*writes) continue;
    const auto what = from.empty() ? " to " + action.to : " from " + from + " to " + action.to;
    if (!writes && (plain_type(action.to) == "text" || plain_type(action.to) == "varchar")) continue;  // nearly always a wider text
    auto& finding = report(context, rule, findings, "Changing the type of " + action.name + what + (writes ? " " : ", as far as can be told here, ") + rewrite_text(context));
    const auto added = action.name + "_new";
    const auto alter = "ALTER TABLE " + quote_name(statement.name) + " ";
    finding.hint = "add a column " + added + " " + action.to + ", keep it in step with a trigger, fill it in batches, and let the names change places in a later unit";
    Fix fix;
    fix.statements = {alter + "ADD COLUMN " + quote_name(added) + " " + action.to};
    fix.later = {"UPDATE " + quote_name(statement.name) + " SET " + quote_name(added) + " = " + (action.expression.empty() ? quote_name(action.name) : action.expression) +
                     " WHERE id BETWEEN 1 AND 10000",
                 alter + "RENAME COLUMN " + quote_name(action.name) + " TO " + quote_name(action.name + "_old"),
                 alter + "RENAME COLUMN " + quote_name(added) + " TO " + quote_name(action.name)};
    fix.automatic = false;
    finding.fix = std::move(fix);
  }
}

void check_generated(const Context& context, const Rule& rule, Findings& findings) {
  each_added_column(context, [&](const Action& action) {
    if (action.column.generated.empty() || !action.column.stored) return;
    auto& finding = report(context, rule, findings, "ADD COLUMN " + action.column.name + " GENERATED ... STORED " + rewrite_text(context));
    finding.hint = "add a plain column, fill it by a trigger, and existing rows in batches; or compute it in a view";
  });
}

void check_serial(const Context& context, const Rule& rule, Findings& findings) {
  each_added_column(context, [&](const Action& action) {
    if (!action.column.auto_number) return;
    auto& finding = report(context, rule, findings, "ADD COLUMN " + action.column.name + " numbers every row: it " + rewrite_text(context));
    finding.hint = "add a plain column, give it a sequence as default, number existing rows in batches, then ADD GENERATED AS IDENTITY";
  });
}

void check_rewriting_option(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (context.small(statement.name)) return;
  for (const Action& action : context.altered(Action::Kind::option)) {
    for (const auto& [name, words] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"logged", "SET LOGGED"}, {"unlogged", "SET UNLOGGED"}, {"tablespace", "SET TABLESPACE"}, {"access_method", "SET ACCESS METHOD"}}) {
      if (action.name != name) continue;
      auto& finding = report(context, rule, findings, std::string(words) + " " + rewrite_text(context));
      finding.hint = "run it when nobody needs the table, or copy the rows into a new table in batches";
    }
  }
}

}  // namespace migrate::postgresql
