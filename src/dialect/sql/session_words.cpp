#include "dialect/sql/session_words.hpp"

#include <utility>

#include "core/text.hpp"

namespace migrate {
namespace {

bool is_name_byte(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' || (static_cast<unsigned char>(c) & 0x80) != 0; }

std::size_t find_values(std::string_view sql) {
  for (auto at = sql.find_first_of("vV"); at != std::string_view::npos; at = sql.find_first_of("vV", at + 1)) {
    if (starts_with_ignoring_case(sql.substr(at), "VALUES") && at > 0 && !is_name_byte(sql[at - 1]) && (at + 6 == sql.size() || !is_name_byte(sql[at + 6]))) return at;
  }
  return std::string_view::npos;
}

/// Whether the word in front of a quote says how the text is meant, and not how its escapes are: X'00', _binary 'a'.
bool introduces_text(std::string_view word) { return word.starts_with('_') || (word.size() == 1 && std::string_view("xXbBnN").find(word[0]) != std::string_view::npos); }

/// Whether all behind VALUES is literals: numbers, strings, words without a parenthesis.
bool is_literal_rows(std::string_view rows, bool backslash_escapes) {
  bool word = false;  // in front of where we are
  std::size_t start = 0;  // of it
  for (std::size_t at = 0; at < rows.size(); ++at) {
    const char c = rows[at];
    switch (c) {
      case '\'':
        if (word && !introduces_text(trim(rows.substr(start, at - start)))) return false;
        for (++at; at < rows.size() && rows[at] != '\''; ++at) at += backslash_escapes && rows[at] == '\\' ? 1 : 0;
        word = false;
        break;
      case '"': case '`': case '[': case '@': case '$': case '?': case ':': case '#': case '/': case '*': case ';': return false;
      case '-':
        if (at + 1 < rows.size() && rows[at + 1] == '-') return false;
        word = false;
        break;
      case '(':
        if (word) return false;
        break;
      case ' ': case '\t': case '\n': case '\r': break;
      case 's': case 'S':
        if (!word && starts_with_ignoring_case(rows.substr(at), "SELECT")) return false;
        [[fallthrough]];
      default:
        if (!word) start = at;
        word = is_name_byte(c);
    }
  }
  return true;
}

/// The texts between the parenthesis that opens at `open` and its end.
std::vector<std::string> arguments_behind(const std::vector<Token>& tokens, std::size_t open) {
  std::vector<std::string> arguments;
  int depth = 0;
  bool fresh = true;
  for (auto i = open; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.is_symbol("(") && depth++ == 0) continue;
    if (token.is_symbol(")") && --depth == 0) break;
    if (depth == 1 && token.is_symbol(",")) {
      fresh = true;
      continue;
    }
    if (std::exchange(fresh, false)) arguments.emplace_back();
    arguments.back() += token.text;
  }
  return arguments;
}

}  // namespace

std::string describe(const SessionItem& item) {
  using Kind = SessionItem::Kind;
  switch (item.kind) {
    case Kind::variable: return "the variable @" + item.name;
    case Kind::setting: return "the setting " + item.name;
    case Kind::generated: return "the number that was given out last (" + item.name + ")";
    case Kind::last_result: return "what the statement before it said (" + item.name + ")";
    case Kind::total: return "what all statements before it have done (" + item.name + ")";
    case Kind::temporary: return "the temporary object " + item.name;
    case Kind::prepared: return "the prepared statement " + item.name;
    case Kind::lock:
    case Kind::other: break;
  }
  return item.name;
}

std::size_t begin_of_literal_rows(std::string_view sql, bool backslash_escapes) {
  const bool insert = starts_with_ignoring_case(sql, "INSERT") || starts_with_ignoring_case(sql, "REPLACE");
  if (!insert) return std::string_view::npos;
  const auto values = find_values(sql);
  if (values == std::string_view::npos || sql.substr(0, values).find_first_of("@*/#-") != std::string_view::npos) return std::string_view::npos;
  return is_literal_rows(sql.substr(values + 6), backslash_escapes) ? values : std::string_view::npos;
}

std::string Call::argument_text() const {
  std::string text;
  for (const auto& argument : arguments) text += (text.empty() ? "" : ", ") + argument;
  return text;
}

std::vector<Call> calls_of(const std::vector<Token>& tokens, const Words& keywords) {
  std::vector<Call> calls;
  for (std::size_t i = 0; i + 1 < tokens.size(); ++i) {
    if (!tokens[i].is_name() || !tokens[i + 1].is_symbol("(")) continue;
    if (i > 0 && (tokens[i - 1].is("INTO") || tokens[i - 1].is("AS") || tokens[i - 1].is("TABLE") || tokens[i - 1].is("COPY"))) continue;
    // INSERT INTO schema.table (
    if (i > 2 && tokens[i - 1].is_symbol(".") && (tokens[i - 3].is("INTO") || tokens[i - 3].is("TABLE") || tokens[i - 3].is("COPY"))) continue;
    auto name = folded_name(tokens[i]);
    const bool qualified = i > 0 && tokens[i - 1].is_symbol(".");
    if (!qualified && tokens[i].kind == TokenKind::word && keywords.contains(name)) continue;
    calls.push_back({std::move(name), arguments_behind(tokens, i + 1)});
  }
  return calls;
}

bool is_lone_call_of_literals(const std::vector<Token>& tokens) {
  std::size_t at = 1;
  const auto symbol = [&](std::string_view text) { return at < tokens.size() && tokens[at].is_symbol(text); };
  if (tokens.empty() || !(tokens[0].is("SELECT") || tokens[0].is("DO"))) return false;
  if (at + 1 < tokens.size() && tokens[at + 1].is_symbol(".")) at += 2;
  if (at >= tokens.size() || !tokens[at].is_name()) return false;
  if (++at; !symbol("(")) return false;
  for (++at; at < tokens.size() && !symbol(")"); ++at) {
    const auto& token = tokens[at];
    const bool literal = token.kind == TokenKind::string || token.kind == TokenKind::number || token.is("TRUE") || token.is("FALSE") || token.is("NULL");
    if (!literal && !symbol(",") && !symbol("-")) return false;
  }
  return at + 1 == tokens.size();
}

std::string folded_name(const Token& token) { return lower(unquote_name(token.text)); }

}  // namespace migrate
