#include "dialect/postgresql/sql/literals.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql {
namespace {

bool is_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  bool digits = false;
  bool dot = false;
  bool exponent = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c >= '0' && c <= '9') {
      digits = true;
    } else if (c == '.' && !dot && !exponent) {
      dot = true;
    } else if ((c == 'e' || c == 'E') && digits && !exponent && i + 1 < text.size()) {
      exponent = true;
      if (text[i + 1] == '-' || text[i + 1] == '+') ++i;
    } else {
      return false;
    }
  }
  return digits;
}

struct TypedString {
  std::string value;
  std::string type;  ///< canonical; empty without a cast
};

/// 'text'::type and nothing else.
std::optional<TypedString> typed_string(std::string_view sql) {
  const auto tokens = tokenize(sql, lexical_rules());
  if (tokens.empty() || tokens[0].kind != TokenKind::string) return std::nullopt;
  const auto text = tokens[0].text;
  TypedString result;
  if (text.front() == '\'') {
    result.value = unquote_text(text);
  } else if ((text.front() == 'E' || text.front() == 'e') && text.size() > 2) {
    result.value = unquote_text(text.substr(1), true);
  } else {
    return std::nullopt;
  }
  if (tokens.size() == 1) return result;
  if (!tokens[1].is_symbol("::") || tokens.size() == 2) return std::nullopt;
  for (std::size_t i = 2; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    const bool of_type = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name || token.kind == TokenKind::number ||
                         token.is_symbol(".") || token.is_symbol("(") || token.is_symbol(")") || token.is_symbol(",") ||
                         token.is_symbol("[") || token.is_symbol("]");
    if (!of_type) return std::nullopt;
  }
  const auto cast = trim(sql.substr(tokens[2].offset));
  if (cast.find('(') != std::string_view::npos && cast.back() != ')') {
    // timestamp(3) without time zone is a type, 'a'::text COLLATE "C" is not; the first has its words in the table.
    if (canonical_type(cast).find(' ') != std::string::npos) return std::nullopt;
  }
  for (std::size_t i = 2; i < tokens.size(); ++i) {
    if (tokens[i].is("collate") || tokens[i].is("and") || tokens[i].is("or") || tokens[i].is("is")) return std::nullopt;
  }
  result.type = canonical_type(cast);
  return result;
}

/// Whether a string cast to `cast` is simply a literal of a column of `type`.
bool says_the_same(const std::string& cast, const std::string& type) {
  if (cast.empty()) return true;
  if (base_type(cast) == base_type(type) && is_array(cast) == is_array(type)) return true;
  if (is_text_type(cast) && is_text_type(type)) return true;
  if (is_number_type(cast) && is_number_type(type)) return true;
  // A column of a domain shows a literal of the type behind it.
  return !is_builtin(type);
}

std::string boolean_word(std::string_view text) {
  const auto word = lower(trim(text));
  for (const auto* yes : {"true", "t", "yes", "y", "on", "1"}) {
    if (word == yes) return "true";
  }
  for (const auto* no : {"false", "f", "no", "n", "off", "0"}) {
    if (word == no) return "false";
  }
  return {};
}

constexpr auto time_words = std::to_array<std::string_view>(
    {"current_timestamp", "current_date", "current_time", "localtimestamp", "localtime", "current_user", "session_user", "current_role",
     "current_schema", "current_catalog"});

/// Well-known functions in the spelling of the server.
std::string known_function(std::string_view sql) {
  const auto word = lower(collapse_spaces(sql));
  const auto bare = word.ends_with("()") ? word.substr(0, word.size() - 2) : word;
  if (std::find(time_words.begin(), time_words.end(), bare) != time_words.end()) return upper(bare);
  if (word == "now()" || word == "now") return "now()";
  if (bare == "uuid" || bare == "gen_random_uuid") return "gen_random_uuid()";
  for (const auto* function : {"clock_timestamp", "statement_timestamp", "transaction_timestamp", "uuid_generate_v4", "random"}) {
    if (word == std::string(function) + "()") return word;
  }
  return {};
}

/// Whether an expression has to stand in parentheses behind DEFAULT, whose grammar knows no AND, IN or AT TIME ZONE.
bool needs_parentheses(std::string_view sql) {
  int depth = 0;
  bool after_word = false;
  for (const auto& token : tokenize(sql, lexical_rules())) {
    if (token.is_symbol("(") || token.is_symbol("[")) ++depth;
    if (token.is_symbol(")") || token.is_symbol("]")) --depth;
    if (depth > 0) continue;
    const bool word = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
    if (word && after_word) return true;
    after_word = word;
    const bool harmless = token.kind != TokenKind::symbol || token.text == "::" || token.text == "." || token.text == ")" ||
                          token.text == "]";
    if (!harmless) return true;
  }
  return false;
}

bool is_time_type(const std::string& type) {
  const auto base = base_type(type);
  return base.starts_with("timestamp") || base == "date" || base.starts_with("time");
}

}  // namespace

std::optional<Default> default_from_sql(std::string_view sql, const std::string& type) {
  const auto text = strip_parentheses(sql);
  const auto word = lower(text);
  if (word == "null" || (word.starts_with("null::") && word.find_first_of("()|+ ") == std::string::npos)) return std::nullopt;
  if (word.starts_with("null::")) {
    // NULL::character varying, NULL::numeric(10,2)
    const auto rest = canonical_type(std::string_view(text).substr(6));
    if (is_builtin(rest)) return std::nullopt;
  }
  if (is_number(text) && (is_number_type(type) || !is_builtin(type))) return Default{false, text};
  if ((word == "true" || word == "false") && (type == "boolean" || !is_builtin(type))) return Default{false, word};
  if (const auto literal = typed_string(text); literal && says_the_same(literal->type, type)) {
    if (type == "boolean" && !boolean_word(literal->value).empty()) return Default{false, boolean_word(literal->value)};
    return Default{false, literal->value};
  }
  return Default{true, text};
}

std::optional<Default> canonical_default(const Default& declared, const std::string& type) {
  if (declared.expression) {
    if (const auto known = known_function(strip_parentheses(declared.text)); !known.empty()) return Default{true, known};
    return default_from_sql(declared.text, type);
  }
  if (type == "boolean") {
    if (const auto word = boolean_word(declared.text); !word.empty()) return Default{false, word};
  }
  if (is_number_type(type)) {
    auto text = trim(declared.text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    if (text == "true" || text == "false") return Default{false, text == "true" ? "1" : "0"};
    return Default{false, std::string(text)};
  }
  const bool call = declared.text.ends_with("()") || lower(declared.text).starts_with("current_");
  if (call && (is_time_type(type) || type == "uuid")) {
    if (const auto known = known_function(declared.text); !known.empty()) return Default{true, known};
  }
  return declared;
}

std::string default_sql(const Default& value, const std::string& type) {
  if (value.expression) return needs_parentheses(value.text) ? "(" + value.text + ")" : value.text;
  if (is_number_type(type) && is_number(value.text)) return value.text;
  if (type == "boolean" && (value.text == "true" || value.text == "false")) return value.text;
  return quote_text(value.text);
}

std::string typed_default_sql(const Default& value, const std::string& type) {
  if (value.expression) return value.text;
  return "CAST(" + default_sql(value, type) + " AS " + type_sql(type) + ")";
}

}  // namespace migrate::postgresql
