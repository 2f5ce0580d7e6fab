// User variables, settings, insert ids, temporary tables and what else lives in a session of MySQL and MariaDB.
#include "dialect/mysql/sql/session_use.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/sql/session_words.hpp"

namespace migrate::mysql {
namespace {



/// Functions of the server that change nothing. One that is missing here is taken for somebody's own, which costs a record.
const Words& known_functions() {
  static const Words names{
      "abs", "acos", "adddate", "addtime", "aes_decrypt", "aes_encrypt", "any_value", "ascii", "asin", "atan", "atan2", "avg", "bin", "bin_to_uuid", "bit_and",
      "bit_count", "bit_length", "bit_or", "bit_xor", "cast", "ceil", "ceiling", "char", "char_length", "character_length", "charset", "coalesce", "coercibility",
      "collation", "compress", "concat", "concat_ws", "connection_id", "conv", "convert", "convert_tz", "cos", "cot", "count", "crc32", "cume_dist", "curdate",
      "current_date", "current_role", "current_time", "current_timestamp", "current_user", "curtime", "database", "date", "date_add", "date_format", "date_sub",
      "datediff", "day", "dayname", "dayofmonth", "dayofweek", "dayofyear", "default", "degrees", "dense_rank", "elt", "exp", "export_set", "extract", "extractvalue",
      "field", "find_in_set", "first_value", "floor", "format", "found_rows", "from_base64", "from_days", "from_unixtime", "get_format", "greatest", "group_concat",
      "grouping", "hex", "hour", "if", "ifnull", "in", "inet6_aton", "inet6_ntoa", "inet_aton", "inet_ntoa", "insert", "instr", "interval", "is_ipv4", "is_ipv6",
      "is_uuid", "isnull", "json_array", "json_array_append", "json_array_insert", "json_arrayagg", "json_contains", "json_contains_path", "json_depth", "json_exists",
      "json_extract", "json_insert", "json_keys", "json_length", "json_merge_patch", "json_merge_preserve", "json_object", "json_objectagg", "json_overlaps",
      "json_pretty", "json_query", "json_quote", "json_remove", "json_replace", "json_search", "json_set", "json_table", "json_type", "json_unquote", "json_valid",
      "json_value", "lag", "last_day", "last_insert_id", "last_value", "lcase", "lead", "least", "left", "length", "ln", "locate", "log", "log10", "log2", "lower",
      "lpad", "ltrim", "make_set", "makedate", "maketime", "max", "md5", "microsecond", "mid", "min", "minute", "mod", "month", "monthname", "name_const", "nextval",
      "now", "nth_value", "ntile", "nullif", "oct", "octet_length", "ord", "over", "percent_rank", "period_add", "period_diff", "pi", "position", "pow", "power",
      "quarter", "quote", "radians", "rand", "random_bytes", "rank", "regexp_instr", "regexp_like", "regexp_replace", "regexp_substr", "repeat", "replace", "reverse",
      "right", "round", "row", "row_count", "row_number", "rpad", "rtrim", "schema", "sec_to_time", "second", "session_user", "sha", "sha1", "sha2", "sign", "sin",
      "sleep", "soundex", "space", "sqrt", "std", "stddev", "stddev_pop", "stddev_samp", "str_to_date", "strcmp", "subdate", "substr", "substring", "substring_index",
      "subtime", "sum", "sysdate", "system_user", "tan", "time", "time_format", "time_to_sec", "timediff", "timestamp", "timestampadd", "timestampdiff", "to_base64",
      "to_days", "to_seconds", "trim", "truncate", "ucase", "uncompress", "unhex", "unix_timestamp", "updatexml", "upper", "user", "utc_date", "utc_time",
      "utc_timestamp", "uuid", "uuid_short", "uuid_to_bin", "values", "var_pop", "var_samp", "variance", "version", "week", "weekday", "weekofyear", "year", "yearweek",
      // types with a length, behind CAST and in JSON_TABLE
      "binary", "decimal", "signed", "unsigned", "varchar", "nchar", "float", "double", "datetime", "int", "bigint", "key", "index", "using", "partition", "on"};
  return names;
}

bool locks(const std::string& function) {
  return function == "get_lock" || function == "release_lock" || function == "release_all_locks";
}

std::string first_argument(const Call& call) { return call.arguments.empty() ? std::string() : call.arguments.front(); }

/// What says what the server is cannot be set in a session.
bool is_settable(const std::string& variable) {
  static constexpr std::array<std::string_view, 14> fixed{"global", "version", "hostname", "server_", "datadir", "basedir", "tmpdir", "port", "socket", "identity", "last_insert_id", "lower_case_", "have_", "innodb_"};
  return std::none_of(fixed.begin(), fixed.end(), [&](std::string_view name) { return variable.starts_with(name); });
}

class UseReader {
 public:
  UseReader(std::string_view sql, const LexicalRules& rules) : sql_(sql), tokens_(tokenize(sql, rules)) {}

  SessionUse read() {
    if (tokens_.empty()) return use_;
    if (is(0, "SET")) read_set();
    else if (is(0, "USE")) leave_constant({SessionItem::Kind::setting, "database"});
    else if (is(0, "LOCK")) leave_constant({SessionItem::Kind::lock, "LOCK TABLES"});
    else if (is(0, "UNLOCK")) use_.ends.push_back({SessionItem::Kind::lock, "LOCK TABLES"});
    else if (is(0, "PREPARE")) read_prepare();
    else if (is(0, "EXECUTE")) read_execute();
    else if (is(0, "DEALLOCATE") || (is(0, "DROP") && is(1, "PREPARE"))) use_.ends.push_back({SessionItem::Kind::prepared, name_at(2)});
    else if (is(0, "CALL") || is(0, "HANDLER") || is(0, "XA") || (is(0, "BEGIN") && is(1, "NOT"))) use_.anything = true;
    else if (is(0, "CREATE") || is(0, "DROP")) read_definition();
    read_variables();
    read_functions();
    return std::move(use_);
  }

 private:
  [[nodiscard]] bool is(std::size_t at, std::string_view word) const { return at < tokens_.size() && tokens_[at].is(word); }
  [[nodiscard]] bool symbol(std::size_t at, std::string_view text) const { return at < tokens_.size() && tokens_[at].is_symbol(text); }
  [[nodiscard]] std::string name_at(std::size_t at) const { return at < tokens_.size() && tokens_[at].is_name() ? folded_name(tokens_[at]) : std::string(); }

  /// The user variable that the token names: @id, @`id`; "" for none.
  [[nodiscard]] std::string variable_at(std::size_t at) const {
    if (at >= tokens_.size()) return {};
    const auto text = tokens_[at].text;
    if (tokens_[at].kind == TokenKind::parameter && text.starts_with("@") && !text.starts_with("@@")) return lower(text.substr(1));
    if (symbol(at, "@") && at + 1 < tokens_.size() && (tokens_[at + 1].is_name() || tokens_[at + 1].kind == TokenKind::string)) return folded_name(tokens_[at + 1]);
    return {};
  }

  void leave_constant(SessionItem item) {
    use_.leaves.push_back(std::move(item));
    use_.constant = true;
  }

  /// SET a = 1, @@session.b = 2, @c = @d + 1, NAMES utf8mb4
  void read_set() {
    bool constant = true;
    bool target = true;
    int depth = 0;
    for (std::size_t i = 1; i < tokens_.size(); ++i) {
      depth += symbol(i, "(") ? 1 : symbol(i, ")") ? -1 : 0;
      if (symbol(i, ",") && depth == 0) {
        target = true;
        continue;
      }
      if (!target) {
        const bool call = i + 1 < tokens_.size() && tokens_[i].is_name() && symbol(i + 1, "(");
        constant = constant && !call && !is(i, "SELECT") && variable_at(i).empty() && !tokens_[i].text.starts_with("@@");
        continue;
      }
      if (is(i, "SESSION") || is(i, "LOCAL")) continue;
      target = false;
      read_target(i);
    }
    use_.constant = constant;
  }

  void read_target(std::size_t i) {
    if (const auto variable = variable_at(i); !variable.empty()) return leave({SessionItem::Kind::variable, variable});
    for (const auto* word : {"GLOBAL", "PERSIST", "PERSIST_ONLY", "PASSWORD", "DEFAULT", "STATEMENT"}) {
      if (is(i, word)) return;
    }
    if (is(i, "NAMES") || is(i, "CHARACTER") || is(i, "CHARSET")) return leave({SessionItem::Kind::setting, "names"});
    if (is(i, "ROLE")) return leave({SessionItem::Kind::setting, "role"});
    if (is(i, "TRANSACTION")) return leave({SessionItem::Kind::setting, is(1, "SESSION") || is(1, "LOCAL") ? "transaction_isolation" : "transaction"});
    auto name = lower(unquote_name(tokens_[i].text));
    if (name.starts_with("@@")) name.erase(0, 2);
    for (const std::string_view scope : {"session.", "local."}) {
      if (name.starts_with(scope)) name.erase(0, scope.size());
    }
    if ((name == "session" || name == "local") && symbol(i + 1, ".")) name = name_at(i + 2);
    if (name.starts_with("global") || name.starts_with("persist")) return;
    leave({SessionItem::Kind::setting, name});
  }

  void leave(SessionItem item) { use_.leaves.push_back(std::move(item)); }

  void read_prepare() {
    leave({SessionItem::Kind::prepared, name_at(1)});
    use_.constant = tokens_.size() > 3 && tokens_[3].kind == TokenKind::string;
  }

  void read_execute() {
    use_.anything = true;
    if (!is(1, "IMMEDIATE")) use_.needs.push_back({SessionItem::Kind::prepared, name_at(1)});
  }

  void read_definition() {
    std::size_t at = 1;
    if (is(at, "OR")) at += 2;
    const bool temporary = is(at, "TEMPORARY");
    if (temporary) ++at;
    if (is(at, "TABLE") || is(at, "TABLES")) {
      ++at;
      if (is(at, "IF")) at += is(at + 1, "NOT") ? 3 : 2;
      if (symbol(at + 1, ".")) at += 2;
      const SessionItem table{SessionItem::Kind::temporary, name_at(at)};
      if (is(0, "DROP")) use_.ends.push_back(table);  // of this name, whether it is a temporary one or not
      else if (temporary) leave(table);
      return;
    }
    use_.makes_code = is(0, "CREATE") && std::any_of(tokens_.begin(), tokens_.end(), [](const Token& token) {
      return token.is("TRIGGER") || token.is("FUNCTION") || token.is("PROCEDURE") || token.is("EVENT") || token.is("PACKAGE");
    });
    body_ = use_.makes_code;
  }

  void read_variables() {
    if (body_) return;  // what stands in it runs when it is called
    bool into = false;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const auto& token = tokens_[i];
      if (token.is("INTO")) into = true;
      if (auto variable = variable_at(i); !variable.empty()) {
        const bool quoted = token.is_symbol("@");
        const bool assigned = symbol(i + (quoted ? 2 : 1), ":=") || into || (is(0, "GET") && symbol(i + 1, "="));
        const SessionItem item{SessionItem::Kind::variable, std::move(variable)};
        const bool target = std::find(use_.leaves.begin(), use_.leaves.end(), item) != use_.leaves.end() && is(0, "SET") && symbol(i + (quoted ? 2 : 1), "=");
        if (assigned && !is(0, "SET")) {
          leave(item);
          use_.constant = false;
          // "@n := @n + 1" for each row: what it was counts too.
          if (!into && !is(0, "GET")) use_.needs.push_back(item);
        } else if (!target && !assigned) {
          use_.needs.push_back(item);
        }
        if (quoted) ++i;
        continue;
      }
      if (into && !token.is("INTO") && !token.is_symbol(",")) into = false;
      if (token.text.starts_with("@@")) read_system_variable(i);
    }
    if (is(0, "GET")) use_.needs.push_back({SessionItem::Kind::last_result, "GET DIAGNOSTICS"});
  }

  void read_system_variable(std::size_t i) {
    auto name = lower(tokens_[i].text.substr(2));
    if ((name == "session" || name == "local") && symbol(i + 1, ".")) name = name_at(i + 2);
    if (name == "identity" || name == "last_insert_id") use_.needs.push_back({SessionItem::Kind::generated, "LAST_INSERT_ID()"});
    if (name == "warning_count" || name == "error_count") use_.needs.push_back({SessionItem::Kind::last_result, "@@" + name});
    else if (is_settable(name) && !is_target(i)) use_.needs.push_back({SessionItem::Kind::setting, name});
  }

  /// Whether the token stands in front of the "=" of a SET.
  [[nodiscard]] bool is_target(std::size_t i) const {
    return is(0, "SET") && std::any_of(use_.leaves.begin(), use_.leaves.end(), [&](const SessionItem& item) { return item.kind == SessionItem::Kind::setting && lower(tokens_[i].text).ends_with(item.name); }) &&
           (symbol(i + 1, "=") || symbol(i + 1, ":="));
  }

  void read_functions() {
    if (body_) return;
    for (const auto& call : calls_of(tokens_, {})) {
      const auto& name = call.function;
      if (name == "last_insert_id" && call.arguments.empty()) use_.needs.push_back({SessionItem::Kind::generated, "LAST_INSERT_ID()"});
      if (name == "last_insert_id" && !call.arguments.empty()) leave({SessionItem::Kind::generated, "LAST_INSERT_ID()"});
      if (name == "row_count" || name == "found_rows") use_.needs.push_back({SessionItem::Kind::last_result, upper(name) + "()"});
      if (name == "get_lock") leave({SessionItem::Kind::lock, "the lock " + first_argument(call)});
      if (name == "release_lock") use_.ends.push_back({SessionItem::Kind::lock, "the lock " + first_argument(call)});
      if (name == "release_all_locks") use_.ends.push_back({SessionItem::Kind::lock, "all locks"});
      if (name == "lastval") use_.needs.push_back({SessionItem::Kind::generated, "LASTVAL()"});
    }
    if (!use_.leaves.empty() && is_lone_call_of_literals(tokens_)) use_.constant = true;
    const bool definition = is(0, "CREATE") || is(0, "ALTER") || is(0, "DROP") || is(0, "RENAME") || is(0, "TRUNCATE") || is(0, "GRANT") || is(0, "REVOKE");
    if (!definition && calls_own_functions(tokens_)) use_.anything = true;
    if (use_.anything) use_.constant = false;
  }

  std::string_view sql_;
  std::vector<Token> tokens_;
  SessionUse use_;
  bool body_ = false;
};

/// The literal that a variable or setting of any type is, as an SQL expression.
std::string literal_of(const std::string& value) {
  // HEX() of a number is that of its value, HEX() of a string that of its bytes. A decimal times 1.0 has one digit more, a double has not.
  return fmt::format(
      "CASE WHEN {0} IS NULL THEN 'NULL' "
      "WHEN HEX({0}) <> HEX(CONCAT({0})) THEN CONCAT(CONVERT({0} USING utf8mb4), IF(CONCAT({0}) = CONCAT({0} * 1.0) AND LOCATE('e', {0}) = 0, 'e0', '')) "
      "WHEN CHARSET({0}) = 'binary' THEN CONCAT('X''', HEX({0}), '''') "
      "ELSE CONCAT('_', CHARSET({0}), ' X''', HEX({0}), ''' COLLATE ', COLLATION({0})) END",
      value);
}

/// The settings that a procedure may have changed and that matter to statements behind it.
std::string keep_settings() {
  std::string expression;
  for (const auto* name : {"sql_mode", "foreign_key_checks", "unique_checks", "sql_safe_updates", "time_zone", "group_concat_max_len", "auto_increment_increment", "auto_increment_offset",
                           "default_storage_engine", "div_precision_increment"}) {
    expression += fmt::format("{}'{} = ', {}", expression.empty() ? "CONCAT('SET SESSION ', " : ", ', ', ", name, literal_of(std::string("@@session.") + name));
  }
  return expression + ", '; ')";
}

}  // namespace

bool calls_own_functions(const std::vector<Token>& tokens) {
  const auto calls = calls_of(tokens, known_functions());
  return std::any_of(calls.begin(), calls.end(), [](const Call& call) { return !is_reserved(call.function) && !locks(call.function); });
}

SessionUse session_use(std::string_view sql, const LexicalRules& rules) {
  if (begin_of_literal_rows(sql, true) != std::string_view::npos) return {};
  return UseReader(sql, rules).read();
}

std::string keep_expression(const SessionItem& item) {
  if (item.kind == SessionItem::Kind::variable) return fmt::format("CONCAT('SET @{0} = ', {1}, '; ')", replace_all(backtick(item.name), "'", "''"), literal_of("@" + backtick(item.name)));
  if (item.kind == SessionItem::Kind::generated && (item.name == "LAST_INSERT_ID()" || item.name == "*")) return "CONCAT('DO LAST_INSERT_ID(', LAST_INSERT_ID(), '); ')";
  if (item.kind != SessionItem::Kind::setting) return {};
  if (item.name == "database") return "CONCAT('USE `', REPLACE(DATABASE(), '`', '``'), '`; ')";
  if (item.name == "*") return keep_settings();
  if (item.name == "names" || item.name == "role" || item.name == "transaction" || !is_plain_name(item.name)) return {};
  return fmt::format("CONCAT('SET SESSION {0} = ', {1}, '; ')", item.name, literal_of("@@session." + item.name));
}

}  // namespace migrate::mysql
