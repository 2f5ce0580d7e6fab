#include "dialect/sqlite/sql/text.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

/// Keywords that cannot stand for a name everywhere, or would be misread in an expression (SQLite's parse.y: the
/// keywords that do not fall back to ID, and those that begin an expression). Sorted.
constexpr std::array<std::string_view, 93> reserved{
    "add",        "all",        "alter",    "always",     "and",        "as",        "asc",          "autoincrement",
    "begin",      "between",    "case",     "cast",       "check",      "collate",   "commit",       "constraint",
    "create",     "cross",      "current_date", "current_time", "current_timestamp", "default", "deferrable", "delete",
    "desc",       "distinct",   "drop",     "else",       "end",        "escape",    "except",       "exists",
    "explain",    "false",      "filter",   "foreign",    "from",       "full",      "generated",    "glob",
    "group",      "having",     "if",       "in",         "index",      "indexed",   "inner",        "insert",
    "intersect",  "into",       "is",       "isnull",     "join",       "left",      "like",         "limit",
    "match",      "materialized", "natural", "not",       "nothing",    "notnull",   "null",         "on",
    "or",         "order",      "outer",    "over",       "pragma",     "primary",   "raise",        "references",
    "regexp",     "replace",    "returning", "right",     "select",     "set",       "table",        "then",
    "to",         "transaction", "trigger", "true",       "union",      "unique",    "update",       "using",
    "values",     "when",       "where",    "window",     "with"};

bool plain_name(std::string_view name) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9'); };
  return !name.empty() && std::all_of(name.begin(), name.end(), word) && !(name.front() >= '0' && name.front() <= '9');
}

/// Words before a parenthesis that do not call anything.
bool stands_apart(std::string_view word) {
  static constexpr std::array<std::string_view, 30> words{
      "all",  "and",    "as",   "between", "by",   "case",   "check", "collate", "distinct", "else",
      "exists", "filter", "from", "glob",    "having", "in",   "is",    "like",    "match",    "not",
      "on",   "or",     "over", "regexp",  "select", "then", "using", "values",  "when",     "where"};
  return std::binary_search(words.begin(), words.end(), word);
}

const Column* column_named(const std::vector<Column>& columns, std::string_view name) {
  const auto it = std::find_if(columns.begin(), columns.end(), [&](const Column& column) { return equal_ignoring_case(column.name, name); });
  return it == columns.end() ? nullptr : &*it;
}

struct Piece {
  std::string text;
  bool name = false;      ///< an identifier or a keyword
  bool operand = false;   ///< something a binary operator may follow
};

Piece piece_of(const std::vector<Token>& tokens, std::size_t i, const std::vector<Column>& columns) {
  const Token& token = tokens[i];
  const bool calls = i + 1 < tokens.size() && tokens[i + 1].is_symbol("(");
  const bool qualifies = i + 1 < tokens.size() && tokens[i + 1].is_symbol(".");
  const bool qualified = i > 0 && tokens[i - 1].is_symbol(".");
  if (token.kind == TokenKind::word) {
    const std::string text = lower(token.text);
    if (!calls || stands_apart(text)) {
      const bool keyword = std::binary_search(reserved.begin(), reserved.end(), text);
      if (const Column* column = keyword ? nullptr : column_named(columns, text)) return {quote_name(column->name), true, true};
      const bool value = !keyword || text == "end" || text == "null" || text == "true" || text == "false" || text.starts_with("current_");
      return {text, true, value};
    }
    return {text, true, true};
  }
  if (token.kind == TokenKind::quoted_name) {
    const std::string name = unquote_name(token.text);
    if (const Column* column = calls ? nullptr : column_named(columns, name)) return {quote_name(column->name), true, true};
    if (token.text.front() == '"' && !calls && !qualifies && !qualified) return {quote_text(name), false, true};
    return {quote_name(lower(name)), true, true};
  }
  if (token.kind == TokenKind::string) {
    if (token.text.front() == 'x' || token.text.front() == 'X') return {"x" + upper(token.text.substr(1)), false, true};
    return {std::string(token.text), false, true};
  }
  if (token.kind == TokenKind::symbol) {
    if (token.text == "!=") return {"<>"};
    if (token.text == "==") return {"="};
    return {std::string(token.text), false, token.text == ")"};
  }
  return {token.kind == TokenKind::number ? lower(token.text) : std::string(token.text), false, true};
}

void drop_qualifier(std::vector<Token>& tokens, std::string_view table) {
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    const bool name = tokens[i].kind == TokenKind::word || tokens[i].kind == TokenKind::quoted_name;
    if (!name || !tokens[i + 1].is_symbol(".") || !equal_ignoring_case(unquote_name(tokens[i].text), table)) continue;
    tokens.erase(tokens.begin() + static_cast<std::ptrdiff_t>(i), tokens.begin() + static_cast<std::ptrdiff_t>(i) + 2);
  }
}

bool outer_parentheses(const std::vector<Token>& tokens, std::size_t first, std::size_t last) {
  if (last < first + 3 || !tokens[first].is_symbol("(") || !tokens[last - 1].is_symbol(")")) return false;
  int depth = 0;
  for (std::size_t i = first; i < last; ++i) {
    if (tokens[i].is_symbol("(")) ++depth;
    else if (tokens[i].is_symbol(")") && --depth == 0 && i + 1 < last) return false;
    else if (depth == 1 && tokens[i].is_symbol(",")) return false;
  }
  return !tokens[first + 1].is("SELECT") && !tokens[first + 1].is("WITH") && !tokens[first + 1].is("VALUES");
}

/// A decimal number that is stored as it is written, whatever the column's affinity does to it.
bool plain_number(std::string_view text) {
  if (!text.empty() && text.front() == '-') text.remove_prefix(1);
  if (text.empty() || !(text.front() >= '0' && text.front() <= '9')) return false;
  const auto digits = [](std::string_view part) {
    return !part.empty() && std::all_of(part.begin(), part.end(), [](char c) { return c >= '0' && c <= '9'; });
  };
  const auto point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  if (!digits(whole) || (whole.size() > 1 && whole.front() == '0') || whole.size() > 18) return false;
  return point == std::string_view::npos || digits(text.substr(point + 1));
}

/// A fraction keeps its text under text affinity only where the number prints the same ("1.50" becomes 1.5).
bool prints_as_written(std::string_view text) {
  return text.find('.') == std::string_view::npos || (text.back() != '0' && text.size() < 15) ||
         (text.size() < 15 && text.substr(text.size() - 2) == ".0");
}

bool boolean_word(std::string_view text) { return equal_ignoring_case(text, "true") || equal_ignoring_case(text, "false"); }

Default from_string(const std::string& value, Affinity affinity) {
  const bool misread = affinity == Affinity::blob ? plain_number(value)            // the bare text would be a number
                                                  : affinity != Affinity::text && boolean_word(value);
  return misread || value.find('\0') != std::string::npos ? Default{true, quote_text(value)} : Default{false, value};
}

Default from_number(const std::string& text, Affinity affinity) {
  const bool kept = plain_number(text) && (affinity != Affinity::text || prints_as_written(text));
  return kept ? Default{false, text} : Default{true, text};
}

}  // namespace

const LexicalRules& lexical_rules() {
  static const LexicalRules rules{.backtick_names = true, .bracket_names = true};
  return rules;
}

std::string quote_name(std::string_view name) {
  if (plain_name(name) && !std::binary_search(reserved.begin(), reserved.end(), lower(name))) return std::string(name);
  return "\"" + replace_all(std::string(name), "\"", "\"\"") + "\"";
}

std::string quote_text(std::string_view text) { return "'" + replace_all(std::string(text), "'", "''") + "'"; }

bool mentions_name(std::string_view sql, std::string_view name) { return mentions(sql, name, lexical_rules()); }

std::string canonical_expression(std::string_view sql, const std::vector<Column>& columns, std::string_view table) {
  auto tokens = tokenize(sql, lexical_rules());
  if (!table.empty()) drop_qualifier(tokens, table);
  std::size_t first = 0;
  std::size_t last = tokens.size();
  while (outer_parentheses(tokens, first, last)) ++first, --last;
  std::string out;
  Piece before;
  bool sign = false;  // the symbol before is a sign, not an operator
  for (std::size_t i = first; i < last; ++i) {
    Piece piece = piece_of(tokens, i, columns);
    const bool opens = piece.text == "(" && tokens[i].kind == TokenKind::symbol;
    const bool after_open = before.text == "(" || before.text == ".";
    const bool tight = piece.text == ")" || piece.text == "," || piece.text == "." || piece.text == ";";
    const bool call = opens && before.name && !stands_apart(before.text);
    if (i > first && !after_open && !(tight && tokens[i].kind == TokenKind::symbol) && !call && !sign) out += ' ';
    sign = tokens[i].kind == TokenKind::symbol && (piece.text == "-" || piece.text == "+" || piece.text == "~") && !before.operand &&
           i + 1 < last && !tokens[i + 1].is_symbol(piece.text);  // "--" would be a comment
    out += piece.text;
    before = std::move(piece);
  }
  return out;
}

std::string canonical_type(std::string_view type) {
  // Most types are single words.
  if (std::all_of(type.begin(), type.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); })) return lower(type);
  std::string out;
  for (const Token& token : tokenize(type, lexical_rules())) {
    const bool tight = token.is_symbol("(") || token.is_symbol(")") || token.is_symbol(",");
    const bool after = !out.empty() && (out.back() == '(' || out.back() == ',' || out.back() == '-' || out.back() == '+');
    if (!out.empty() && !tight && !after) out += ' ';
    out += lower(token.text);
  }
  return out;
}

Affinity affinity_of(std::string_view type) {
  const std::string text = lower(type);
  const auto has = [&](std::string_view part) { return text.find(part) != std::string::npos; };
  if (has("int")) return Affinity::integer;
  if (has("char") || has("clob") || has("text")) return Affinity::text;
  if (text.empty() || text == "any" || has("blob")) return Affinity::blob;  // "any" keeps values as they are in STRICT tables
  if (has("real") || has("floa") || has("doub")) return Affinity::real;
  return Affinity::numeric;
}

std::optional<Default> canonical_default(std::string_view sql, std::string_view type, const std::vector<Column>& columns) {
  const Affinity affinity = affinity_of(type);
  std::vector<Token> tokens = tokenize(sql, lexical_rules());
  while (outer_parentheses(tokens, 0, tokens.size())) {
    tokens.erase(tokens.begin());
    tokens.pop_back();
  }
  const bool bare = !tokens.empty() && !trim(sql).starts_with("(");
  if (tokens.size() == 1) {
    const Token& token = tokens.front();
    if (token.is("NULL")) return std::nullopt;
    if (token.is("TRUE") || token.is("FALSE")) return Default{false, token.is("TRUE") ? "1" : "0"};
    if (token.is("CURRENT_TIMESTAMP") || token.is("CURRENT_DATE") || token.is("CURRENT_TIME")) return Default{true, upper(token.text)};
    if (token.kind == TokenKind::string && token.text.front() == '\'') return from_string(unquote_text(token.text), affinity);
    // DEFAULT word and DEFAULT "word" are strings (parse.y: ccons ::= DEFAULT id).
    if (bare && (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name)) {
      return from_string(unquote_name(token.text), affinity);
    }
    if (token.kind == TokenKind::quoted_name && token.text.front() == '"') return from_string(unquote_name(token.text), affinity);
    if (token.kind == TokenKind::number) return from_number(lower(token.text), affinity);
  }
  if (tokens.size() == 2 && tokens[1].kind == TokenKind::number && (tokens[0].is_symbol("-") || tokens[0].is_symbol("+"))) {
    return from_number((tokens[0].is_symbol("-") ? "-" : "") + lower(tokens[1].text), affinity);
  }
  return Default{true, canonical_expression(sql, columns)};
}

std::string default_sql(const Default& value, std::string_view type) {
  if (!value.expression) {
    const bool number = affinity_of(type) != Affinity::text && plain_number(value.text);
    return number ? value.text : quote_text(value.text);
  }
  const auto tokens = tokenize(value.text, lexical_rules());
  const bool literal = tokens.size() == 1 && (tokens[0].kind == TokenKind::string || tokens[0].kind == TokenKind::number ||
                                              tokens[0].is("CURRENT_TIMESTAMP") || tokens[0].is("CURRENT_DATE") || tokens[0].is("CURRENT_TIME"));
  const bool signed_number = tokens.size() == 2 && tokens[0].is_symbol("-") && tokens[1].kind == TokenKind::number;
  return literal || signed_number ? value.text : "(" + value.text + ")";
}

std::string replace_identifier(std::string_view sql, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t done = 0;
  for (const Token& token : tokenize(sql, lexical_rules())) {
    const bool name = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
    if (!name || !equal_ignoring_case(unquote_name(token.text), from)) continue;
    out += sql.substr(done, token.offset - done);
    out += quote_name(to);
    done = token.offset + token.text.size();
  }
  out += sql.substr(done);
  return out;
}

bool same_sql(std::string_view a, std::string_view b) {
  return a == b || normalize_sql(a, lexical_rules()) == normalize_sql(b, lexical_rules());
}

void keep_spelling(Declaration& declared, const std::string& property, std::string_view written, const std::string& canonical) {
  written = trim(written);
  // A comment inside would swallow what is written behind it.
  const bool comment = written.find("--") != std::string_view::npos || written.find("/*") != std::string_view::npos;
  if (!comment && written != canonical) declared.spelling[property] = written;
}

const std::string& spelled(const Declaration& declared, const std::string& property, const std::string& canonical,
                           const std::vector<Column>& columns) {
  const auto it = declared.spelling.find(property);
  if (it == declared.spelling.end()) return canonical;
  return canonical_expression(it->second, columns) == canonical ? it->second : canonical;
}

}  // namespace migrate::sqlite
