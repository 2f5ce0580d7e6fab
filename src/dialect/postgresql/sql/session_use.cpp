// Settings, sequence values, temporary objects and what else lives in a session of PostgreSQL.
#include "dialect/postgresql/sql/session_use.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/sql/session_words.hpp"

namespace migrate::postgresql {
namespace {



/// Functions of the server, and words in front of a parenthesis, that leave nothing in a session. One that is missing here is taken
/// for somebody's own, which costs a session.
const Words& known_functions() {
  static const Words names{
      "abs", "age", "all", "and", "any", "array", "array_agg", "array_append", "array_cat", "array_length", "array_position", "array_prepend", "array_remove",
      "array_to_json", "array_to_string", "as", "ascii", "avg", "between", "bigint", "bit_and", "bit_or", "bool_and", "bool_or", "btrim", "by", "cardinality", "cast",
      "ceil", "ceiling", "char", "char_length", "character_length", "check", "chr", "clock_timestamp", "coalesce", "collate", "concat", "concat_ws", "conflict", "corr",
      "count", "cross", "cube", "current_date", "current_schema", "current_schemas", "current_setting", "current_timestamp", "date", "date_part", "date_trunc", "decode",
      "dense_rank", "distinct", "do", "encode", "every", "except", "exists", "exp", "extract", "filter", "first_value", "float", "floor", "format", "format_type", "from",
      "gen_random_uuid", "generate_series", "generate_subscripts", "greatest", "group", "grouping", "having", "in", "initcap", "insert", "intersect", "interval", "into",
      "is", "isfinite", "join", "json_agg", "json_array_elements", "json_array_length", "json_build_array", "json_build_object", "json_each", "json_object",
      "json_object_agg", "json_object_keys", "jsonb_agg", "jsonb_array_elements", "jsonb_array_elements_text", "jsonb_array_length", "jsonb_build_array",
      "jsonb_build_object", "jsonb_each", "jsonb_each_text", "jsonb_insert", "jsonb_object_agg", "jsonb_object_keys", "jsonb_pretty", "jsonb_set", "jsonb_strip_nulls",
      "jsonb_typeof", "json_typeof", "justify_days", "lag", "last_value", "lateral", "lead", "least", "left", "length", "limit", "ln", "localtimestamp", "log", "lower",
      "lpad", "ltrim", "make_date", "make_interval", "make_timestamp", "make_timestamptz", "materialized", "max", "md5", "min", "mod", "not", "now", "nextval", "ntile",
      "nullif", "numeric", "octet_length", "on", "or", "over", "overlay", "partition", "percentile_cont", "percentile_disc", "pg_get_constraintdef", "pg_get_expr",
      "pg_get_indexdef", "pg_get_serial_sequence", "pg_get_viewdef", "pg_relation_size", "pg_sleep", "pg_table_size", "pg_total_relation_size", "pg_typeof", "position",
      "power", "quote_ident", "quote_literal", "quote_nullable", "random", "rank", "regexp_match", "regexp_matches", "regexp_replace", "regexp_split_to_array",
      "regexp_split_to_table", "repeat", "replace", "returning", "reverse", "right", "rollup", "round", "row", "row_number", "row_to_json", "rpad", "rtrim", "select",
      "set", "sets", "setval", "sha256", "sign", "similar", "some", "split_part", "sqrt", "statement_timestamp", "string_agg", "string_to_array", "strpos", "substr",
      "substring", "sum", "table", "tablesample", "time", "timestamp", "timestamptz", "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_regclass", "to_timestamp",
      "translate", "trim", "trunc", "truncate", "union", "unnest", "upper", "using", "values", "varchar", "variance", "version", "when", "where", "width_bucket", "with",
      "within", "xmlagg", "xmlelement", "currval", "lastval"};
  return names;
}

class UseReader {
 public:
  UseReader(std::string_view sql, const LexicalRules& rules) : tokens_(tokenize(sql, rules)) {}

  SessionUse read() {
    if (tokens_.empty()) return use_;
    if (is(0, "set")) read_set();
    else if (is(0, "reset") || is(0, "discard")) constant({SessionItem::Kind::setting, is(1, "role") ? "role" : "several"});
    else if (is(0, "prepare") && !is(1, "transaction")) constant({SessionItem::Kind::prepared, name_at(1)});
    else if (is(0, "execute")) use_.needs.push_back({SessionItem::Kind::prepared, name_at(1)}), use_.anything = true;
    else if (is(0, "deallocate")) use_.ends.push_back({SessionItem::Kind::prepared, name_at(is(1, "prepare") ? 2 : 1)});
    else if (is(0, "declare")) leave({SessionItem::Kind::other, "the cursor " + name_at(1)});
    else if (is(0, "fetch") || is(0, "move")) use_.needs.push_back({SessionItem::Kind::other, "the cursor " + name_at(tokens_.size() - 1)});
    else if (is(0, "close")) use_.ends.push_back({SessionItem::Kind::other, "the cursor " + name_at(1)});
    else if (is(0, "listen") || is(0, "unlisten") || is(0, "load")) constant({SessionItem::Kind::other, lower(tokens_[0].text) + " " + name_at(1)});
    else if (is(0, "do") || is(0, "call")) use_.anything = true;
    else if (is(0, "create")) read_create();
    else if (is(0, "drop")) use_.ends.push_back({SessionItem::Kind::temporary, last_name()});
    else read_rows();
    return std::move(use_);
  }

 private:
  [[nodiscard]] bool is(std::size_t at, std::string_view word) const { return at < tokens_.size() && tokens_[at].is(word); }
  [[nodiscard]] std::string name_at(std::size_t at) const { return at < tokens_.size() && tokens_[at].is_name() ? folded_name(tokens_[at]) : std::string(); }
  [[nodiscard]] std::string last_name() const {
    for (auto at = tokens_.size(); at > 0; --at) {
      if (tokens_[at - 1].is_name() && !is(at - 1, "cascade") && !is(at - 1, "restrict")) return folded_name(tokens_[at - 1]);
    }
    return {};
  }
  void leave(SessionItem item) { use_.leaves.push_back(std::move(item)); }
  void constant(SessionItem item) {
    leave(std::move(item));
    use_.constant = true;
  }

  /// SET LOCAL, SET TRANSACTION and SET CONSTRAINTS end with their transaction.
  void read_set() {
    if (is(1, "local") || is(1, "transaction") || is(1, "constraints")) return;
    const std::size_t at = is(1, "session") ? 2 : 1;
    if (is(at, "authorization")) return constant({SessionItem::Kind::setting, "session_authorization"});
    if (is(at, "time")) return constant({SessionItem::Kind::setting, "timezone"});
    auto name = name_at(at);
    if (at + 2 < tokens_.size() && tokens_[at + 1].is_symbol(".")) name += "." + name_at(at + 2);
    leave({SessionItem::Kind::setting, name});
    use_.constant = !is(tokens_.size() - 1, "current");
  }

  void read_create() {
    for (std::size_t at = 1; at < tokens_.size() && at < 5; ++at) {
      if (is(at, "temp") || is(at, "temporary")) return read_temporary(at + 1);
      for (const auto* word : {"function", "procedure", "trigger", "rule", "extension", "aggregate", "operator"}) use_.makes_code = use_.makes_code || is(at, word);
    }
  }

  void read_temporary(std::size_t at) {
    for (const auto* word : {"table", "view", "sequence", "recursive", "if", "not", "exists"}) at += is(at, word) ? 1 : 0;
    leave({SessionItem::Kind::temporary, name_at(at)});
  }

  void read_rows() {
    for (std::size_t at = 0; at + 2 < tokens_.size(); ++at) {
      if (!is(at, "into")) continue;
      if (is(at + 1, "temp") || is(at + 1, "temporary")) read_temporary(at + 2);
    }
    for (const auto& call : calls_of(tokens_, {})) {
      const auto& name = call.function;
      if (name == "currval" || name == "lastval") use_.needs.push_back({SessionItem::Kind::generated, name + "()"});
      else if (name == "current_setting") read_current_setting(call);
      else if (name == "set_config") read_set_config(call);
      else if (is_advisory(name)) read_lock(call);
      else if (name == "setseed") leave({SessionItem::Kind::other, "the seed of random()"});
      else if (name.starts_with("pg_temp")) use_.anything = true;
    }
    for (const auto& call : calls_of(tokens_, known_functions())) {
      const bool known = call.function == "set_config" || call.function == "setseed" || is_advisory(call.function);
      use_.anything = use_.anything || !known;
    }
    use_.constant = !use_.leaves.empty() && !use_.anything && is_lone_call_of_literals(tokens_);
  }

  static bool is_advisory(const std::string& function) { return function.starts_with("pg_advisory") || function.starts_with("pg_try_advisory"); }

  void read_lock(const Call& call) {
    if (call.function.find("_xact_") != std::string::npos) return;  // ends with its transaction
    const SessionItem lock{SessionItem::Kind::lock, "the advisory lock " + call.argument_text()};
    if (call.function.find("unlock") != std::string::npos) use_.ends.push_back(lock);
    else leave(lock);
  }

  void read_current_setting(const Call& call) {
    if (!call.arguments.empty() && call.arguments[0].starts_with("'")) use_.needs.push_back({SessionItem::Kind::setting, lower(unquote_text(call.arguments[0]))});
  }

  void read_set_config(const Call& call) {
    if (call.arguments.size() == 3 && lower(call.arguments[2]) == "true") return;  // ends with its transaction
    const bool named = !call.arguments.empty() && call.arguments[0].starts_with("'");
    leave({SessionItem::Kind::setting, named ? lower(unquote_text(call.arguments[0])) : "set_config()"});
  }

  std::vector<Token> tokens_;
  SessionUse use_;
};

}  // namespace

SessionUse session_use(std::string_view sql, const LexicalRules& rules) {
  if (begin_of_literal_rows(sql, false) != std::string_view::npos) return {};
  return UseReader(sql, rules).read();
}

std::string keep_expression(const SessionItem& item) {
  if (item.kind != SessionItem::Kind::setting) return {};
  if (item.name == "*") {
    return "(select pg_catalog.string_agg('SELECT pg_catalog.set_config(' || pg_catalog.quote_literal(name) || ', ' || pg_catalog.quote_literal(pg_catalog.current_setting(name)) || "
           "', false); ', '' order by name) from pg_catalog.pg_settings where source = 'session' and context in ('user', 'superuser'))";
  }
  const bool plain = !item.name.empty() && item.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string::npos;
  if (!plain || item.name == "role" || item.name == "session_authorization" || item.name == "several") return {};
  const auto name = quote_text(item.name);
  return "(select 'SELECT pg_catalog.set_config(' || pg_catalog.quote_literal(" + name + ") || ', ' || coalesce(pg_catalog.quote_literal(pg_catalog.current_setting(" + name +
         ", true)), 'NULL') || ', false); ' where not exists (select from pg_catalog.pg_settings where name = " + name + " and context not in ('user', 'superuser')))";
}

}  // namespace migrate::postgresql
