// What the tokens of a text say: names and values without their quotes, and a form in which texts can be compared.
#include <algorithm>
#include <array>
#include <charconv>

#include "core/text.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {
namespace {

std::string undouble(std::string_view text, char quote) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == quote && i + 1 < text.size() && text[i + 1] == quote) ++i;
  }
  return out;
}

void append_utf8(std::string& out, unsigned code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

/// Reads up to `most` digits of a base behind `at`; moves `at` behind them. -1 when there is none.
long read_code(std::string_view text, std::size_t& at, int base, std::size_t most) {
  long value = -1;
  const auto part = text.substr(at, most);
  const auto end = std::from_chars(part.data(), part.data() + part.size(), value, base);
  if (end.ec != std::errc{} || value < 0) return -1;
  at += static_cast<std::size_t>(end.ptr - part.data());
  return value;
}

char control_character(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return '\0';
  }
}

/// PostgreSQL's E'' strings: octal, \x and \u codes too.
void append_escape(std::string& out, std::string_view text, std::size_t& at) {
  const char c = text[at];
  if (const char control = c == 'f' ? '\f' : control_character(c); control != '\0') {
    out += control;
    ++at;
  } else if (c == 'x' || c == 'u' || c == 'U') {
    std::size_t digits = at + 1;
    const long code = read_code(text, digits, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8);
    at = code < 0 ? at + 1 : digits;
    if (code < 0) {
      out += c;
    } else if (c == 'x') {
      out += static_cast<char>(code);
    } else {
      append_utf8(out, static_cast<unsigned>(code));
    }
  } else if (c >= '0' && c <= '7') {
    out += static_cast<char>(read_code(text, at, 8, 3));
  } else {
    out += c;
    ++at;
  }
}

/// MySQL's strings (manual, section 9.1.1): \% and \_ keep their backslash.
void append_mysql_escape(std::string& out, std::string_view text, std::size_t& at) {
  const char c = text[at++];
  if (c == '0') {
    out += '\0';
  } else if (c == 'Z') {
    out += '\x1A';
  } else if (c == '%' || c == '_') {
    out += '\\';
    out += c;
  } else if (const char control = control_character(c); control != '\0') {
    out += control;
  } else {
    out += c;
  }
}

/// Words that mean something else without quotes even where a name may stand.
bool is_value_word(std::string_view name) {
  static constexpr std::array<std::string_view, 16> words{
      "current_catalog", "current_date", "current_role", "current_schema", "current_time",   "current_timestamp",
      "current_user",    "default",      "false",        "localtime",      "localtimestamp", "null",
      "session_user",    "true",         "user",         "value"};
  return std::binary_search(words.begin(), words.end(), name);
}

/// Words that a parenthesis may follow without making a call of them.
bool stands_apart(std::string_view word) {
  static constexpr std::array<std::string_view, 32> words{
      "all",    "and",    "any",  "as",    "between", "by",     "case", "check", "distinct", "else", "exists",
      "from",   "having", "in",   "is",    "join",    "like",   "not",  "on",    "or",       "over", "returning",
      "select", "some",   "then", "union", "using",   "values", "when", "where", "with",     "xor"};
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string normal_string(std::string_view text, bool backslash_escapes) {
  const char prefix = text.front();
  if (prefix == 'x' || prefix == 'X' || prefix == 'b' || prefix == 'B') {
    return std::string(prefix == 'x' || prefix == 'X' ? "x" : "b") + upper(text.substr(1));
  }
  if (prefix == 'u' || prefix == 'U') return "u" + std::string(text.substr(1));
  return "'" + replace_all(unquote_text(text, backslash_escapes), "'", "''") + "'";
}

std::string normal_token(const Token& token, const LexicalRules& rules) {
  switch (token.kind) {
    case TokenKind::word:
      return lower(token.text);
    case TokenKind::quoted_name: {
      auto name = unquote_name(token.text);
      // Only PostgreSQL tells names apart by case; it is the one with dollar quotes.
      if (!rules.dollar_quotes) name = lower(name);
      if (is_plain_name(name) && !is_value_word(name)) return name;
      return "\"" + replace_all(std::move(name), "\"", "\"\"") + "\"";
    }
    case TokenKind::string:
      return normal_string(token.text, rules.backslash_escapes);
    case TokenKind::number:
      return lower(token.text);
    case TokenKind::symbol:
      if (token.text == "!=") return "<>";
      if (token.text == "==" && !rules.dollar_quotes) return "=";
      return std::string(token.text);
    case TokenKind::parameter:
    case TokenKind::comment:
      return std::string(token.text);
  }
  return {};
}

/// Whether the tokens are one parenthesis around an expression, and not around a list.
bool has_outer_parentheses(const std::vector<Token>& tokens, std::size_t first, std::size_t last) {
  if (last - first < 3 || !tokens[first].is_symbol("(") || !tokens[last - 1].is_symbol(")")) return false;
  int depth = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (tokens[i].is_symbol("(")) {
      ++depth;
    } else if (tokens[i].is_symbol(")")) {
      if (--depth == 0 && i + 1 < last) return false;
    } else if (depth == 1 && tokens[i].is_symbol(",")) {
      return false;
    }
  }
  return depth == 0;
}

/// How many parentheses stand around all of the tokens: counted in one pass over the ends.
std::size_t outer_parentheses(const std::vector<Token>& tokens) {
  std::size_t most = 0;
  while (most < 64 && tokens.size() > 2 * most && has_outer_parentheses(tokens, most, tokens.size() - most)) ++most;
  return most;
}

bool needs_blank(const Token& before, const std::string& before_text, const Token& token) {
  static constexpr std::array<std::string_view, 5> tight_after{"(", ".", "::", "[", ":"};
  static constexpr std::array<std::string_view, 7> tight_before{")", ",", ".", "::", ";", "]", ":"};
  const auto among = [](const auto& set, const Token& symbol) {
    return symbol.kind == TokenKind::symbol && std::find(set.begin(), set.end(), symbol.text) != set.end();
  };
  if (among(tight_after, before) || among(tight_before, token)) return false;
  if (token.is_symbol("[")) return false;
  if (token.is_symbol("(")) {
    return !(before.kind == TokenKind::quoted_name || (before.kind == TokenKind::word && !stands_apart(before_text)));
  }
  return true;
}

bool mentions_within(std::string_view sql, std::string_view name, const LexicalRules& rules, int depth) try {
  Lexer lexer(sql, rules);
  for (Token token{}; lexer.next(token);) {
    if (token.kind == TokenKind::word && equal_ignoring_case(token.text, name)) return true;
    if (token.kind == TokenKind::quoted_name && equal_ignoring_case(unquote_name(token.text), name)) return true;
    // The body of a routine is code.
    if (token.kind == TokenKind::string && token.text.front() == '$' && depth < 4) {
      const auto tag = token.text.find('$', 1) + 1;
      if (mentions_within(token.text.substr(tag, token.text.size() - 2 * tag), name, rules, depth + 1)) return true;
    }
  }
  return false;
} catch (const Error&) {
  // Not SQL as we know it (another language's body): any occurrence counts.
  return lower(sql).find(lower(name)) != std::string::npos;
}

}  // namespace

bool is_plain_name(std::string_view name) {
  const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || (c >= '0' && c <= '9'); };
  return !name.empty() && std::all_of(name.begin(), name.end(), plain) && (name.front() < '0' || name.front() > '9');
}

std::string unquote_name(std::string_view text) {
  if ((text.substr(0, 3) == "U&\"" || text.substr(0, 3) == "u&\"")) text.remove_prefix(2);
  if (text.size() < 2) return std::string(text);
  const auto inner = text.substr(1, text.size() - 2);
  if ((text.front() == '"' || text.front() == '`') && text.back() == text.front()) return undouble(inner, text.front());
  if (text.front() == '[' && text.back() == ']') return std::string(inner);
  return std::string(text);
}

std::string unquote_text(std::string_view text, bool backslash_escapes) {
  if (text.size() >= 2 && text.front() == '$') {
    const auto tag = text.find('$', 1) + 1;
    return text.size() < 2 * tag ? std::string(text) : std::string(text.substr(tag, text.size() - 2 * tag));
  }
  const auto open = text.find_first_of("'\"");
  if (open == std::string_view::npos || open > 2 || text.size() < open + 2 || text.back() != text[open]) return std::string(text);
  const bool escape_string = open == 1 && (text.front() == 'e' || text.front() == 'E');
  const char quote = text[open];
  const auto inner = text.substr(open + 1, text.size() - open - 2);
  if (!escape_string && !backslash_escapes) return undouble(inner, quote);
  std::string out;
  out.reserve(inner.size());
  for (std::size_t i = 0; i < inner.size();) {
    const char c = inner[i++];
    if (c == '\\' && i < inner.size()) {
      escape_string ? append_escape(out, inner, i) : append_mysql_escape(out, inner, i);
      continue;
    }
    out += c;
    if (c == quote && i < inner.size() && inner[i] == quote) ++i;
  }
  return out;
}

std::string normalize_sql(std::string_view sql, const LexicalRules& rules) {
  const auto tokens = tokenize(sql, rules);
  const auto outer = outer_parentheses(tokens);
  std::string out;
  std::string before;
  for (std::size_t i = outer; i < tokens.size() - outer; ++i) {
    auto text = normal_token(tokens[i], rules);
    if (i > outer && needs_blank(tokens[i - 1], before, tokens[i])) out += ' ';
    out += text;
    before = std::move(text);
  }
  return out;
}

bool mentions(std::string_view sql, std::string_view name, const LexicalRules& rules) {
  return mentions_within(sql, name, rules, 0);
}

}  // namespace migrate
