#include "dialect/sqlite/sql/types.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/text.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {

bool is_serial(const std::string& type) {
  static constexpr std::array<std::string_view, 6> names{"bigserial", "serial", "serial2", "serial4", "serial8", "smallserial"};
  return std::find(names.begin(), names.end(), type) != names.end();
}

std::string strict_type(const std::string& type) {
  static constexpr std::array<std::string_view, 6> known{"any", "blob", "int", "integer", "real", "text"};
  if (std::find(known.begin(), known.end(), type) != known.end()) return type;
  if (type.empty()) return "any";
  if (type.starts_with("bool")) return "integer";
  if (type.starts_with("bytea") || type.starts_with("binary") || type.starts_with("varbinary")) return "blob";
  switch (affinity_of(type)) {
    case Affinity::integer: return "integer";
    case Affinity::text: return "text";
    case Affinity::blob: return "blob";
    case Affinity::real: return "real";
    case Affinity::numeric: break;
  }
  return type.starts_with("numeric") || type.starts_with("decimal") || type.starts_with("money") ? "real" : "text";
}

bool is_readable_type(const std::string& type) {
  const auto tokens = tokenize(type, lexical_rules());
  std::size_t i = 0;
  while (i < tokens.size() && (tokens[i].kind == TokenKind::word || (tokens[i].kind == TokenKind::quoted_name && tokens[i].text != "[]"))) ++i;
  if (i == tokens.size()) return true;
  if (i == 0 || !tokens[i].is_symbol("(")) return false;
  int numbers = 0;
  for (++i; i < tokens.size() && !tokens[i].is_symbol(")"); ++i) {
    if (tokens[i].is_symbol("-") || tokens[i].is_symbol("+")) continue;
    if (tokens[i].kind == TokenKind::number) ++numbers;
    else if (!(tokens[i].is_symbol(",") && numbers == 1)) return false;
  }
  return i + 1 == tokens.size() && numbers >= 1 && numbers <= 2;
}

std::string own_default_function(const std::string& sql) {
  // A random UUID of version 4 (RFC 4122, section 4.4).
  static const std::string uuid =
      "lower(hex(randomblob(4)) || '-' || hex(randomblob(2)) || '-4' || substr(hex(randomblob(2)), 2) || '-' || "
      "substr('89ab', 1 + abs(random() % 4), 1) || substr(hex(randomblob(2)), 2) || '-' || hex(randomblob(6)))";
  static const std::array<std::pair<std::string_view, std::string_view>, 20> functions{{
      {"clock_timestamp()", "CURRENT_TIMESTAMP"}, {"curdate()", "CURRENT_DATE"},
      {"current_date()", "CURRENT_DATE"},         {"current_time()", "CURRENT_TIME"},
      {"current_timestamp()", "CURRENT_TIMESTAMP"}, {"curtime()", "CURRENT_TIME"},
      {"gen_random_uuid()", uuid},                {"localtime", "CURRENT_TIME"},
      {"localtime()", "CURRENT_TIME"},            {"localtimestamp", "CURRENT_TIMESTAMP"},
      {"localtimestamp()", "CURRENT_TIMESTAMP"},  {"now()", "CURRENT_TIMESTAMP"},
      {"statement_timestamp()", "CURRENT_TIMESTAMP"}, {"sysdate()", "CURRENT_TIMESTAMP"},
      {"transaction_timestamp()", "CURRENT_TIMESTAMP"}, {"utc_date()", "CURRENT_DATE"},
      {"utc_time()", "CURRENT_TIME"},             {"utc_timestamp()", "CURRENT_TIMESTAMP"},
      {"uuid()", uuid},                           {"uuid_generate_v4()", uuid},
  }};
  std::string text = normalize_sql(sql, lexical_rules());
  // now(3), current_timestamp(6): SQLite has no precision to give.
  if (text.size() > 3 && text.ends_with(")") && text[text.size() - 3] == '(' && text[text.size() - 2] >= '0' && text[text.size() - 2] <= '6') {
    text.erase(text.size() - 2, 1);
  }
  for (const auto& [name, own] : functions) {
    if (text == name) return std::string(own);
  }
  return sql;
}

}  // namespace migrate::sqlite
