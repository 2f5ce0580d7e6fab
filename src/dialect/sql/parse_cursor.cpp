#include "dialect/sql/parse_cursor.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace migrate::parsed {

bool Cursor::is_any(std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return is(word); });
}

bool Cursor::accept(std::string_view word) {
  if (!is(word)) return false;
  ++at_;
  return true;
}

bool Cursor::accept(std::initializer_list<std::string_view> words) {
  std::size_t ahead = 0;
  for (const auto word : words) {
    if (!is(word, ahead++)) return false;
  }
  at_ += words.size();
  return true;
}

bool Cursor::accept_symbol(std::string_view text) {
  if (!symbol(text)) return false;
  ++at_;
  return true;
}

const Token& Cursor::token(std::size_t ahead) const {
  static const Token none{TokenKind::symbol, "", 0, 0};
  return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : none;
}

std::size_t Cursor::end_of(std::size_t index) const {
  if (index == 0 || tokens_.empty()) return 0;
  const auto& last = tokens_[std::min(index, tokens_.size()) - 1];
  return last.offset + last.text.size();
}

std::string_view Cursor::text(std::size_t from, std::size_t to) const {
  if (from >= to || from >= tokens_.size()) return {};
  return sql_.substr(begin_of(from), end_of(to) - begin_of(from));
}

bool Cursor::is_name() const {
  if (at_end()) return false;
  return tokens_[at_].kind == TokenKind::word || tokens_[at_].kind == TokenKind::quoted_name;
}

std::string Cursor::name() {
  if (at_end()) return {};
  const auto& token = tokens_[at_];
  if (token.kind == TokenKind::word) {
    ++at_;
    return rules_.fold_case ? lower(token.text) : std::string(token.text);
  }
  if (token.kind == TokenKind::quoted_name) {
    ++at_;
    return unquote_name(token.text);
  }
  if (token.kind == TokenKind::string) {
    ++at_;
    return unquote_text(token.text);
  }
  return {};
}

QualifiedName Cursor::qualified() {
  QualifiedName result;
  result.name = name();
  while (symbol(".")) {
    ++at_;
    result.schema = std::move(result.name);
    result.name = name();
  }
  return result;
}

std::vector<std::string> Cursor::name_list(bool* plain) {
  std::vector<std::string> names;
  for (const auto& part : parts()) {
    if (!part.column.empty()) names.push_back(part.column);
    if (plain != nullptr && (part.column.empty() || part.prefix_length > 0)) *plain = false;
  }
  return names;
}

std::vector<IndexPart> Cursor::parts() {
  std::vector<IndexPart> found;
  if (!accept_symbol("(")) return found;
  while (!at_end() && !symbol(")")) {
    IndexPart part;
    const auto start = at_;
    const bool name_first = is_name();
    auto column = name_first ? name() : std::string();
    bool plain = name_first;
    if (plain && symbol("(") && token(1).kind == TokenKind::number && symbol(")", 2)) {
      part.prefix_length = std::atoi(std::string(token(1).text).c_str());
      advance(3);
    }
    while (!at_end() && !symbol(",") && !symbol(")")) {
      if (symbol("(")) {
        plain = plain && false;
        (void)parenthesis();
      } else if (accept("DESC")) {
        part.descending = true;
      } else if (accept("COLLATE")) {
        part.collation = qualified().text();
      } else if (is_any({"ASC", "NULLS", "FIRST", "LAST", "WITH"}) || token().kind == TokenKind::word) {
        advance();  // an operator class too
      } else {
        plain = false;
        advance();
      }
    }
    if (plain) part.column = column;
    else part.expression = std::string(text(start, at_));
    found.push_back(std::move(part));
    if (!accept_symbol(",")) break;
  }
  accept_symbol(")");
  return found;
}

std::string_view Cursor::parenthesis() {
  if (!symbol("(")) return {};
  const auto start = at_ + 1;
  int depth = 0;
  while (!at_end()) {
    if (symbol("(")) ++depth;
    if (symbol(")") && --depth == 0) break;
    ++at_;
  }
  const auto inside = text(start, at_);
  advance();
  return inside;
}

void Cursor::to_comma() {
  int depth = 0;
  for (; !at_end(); ++at_) {
    if (depth == 0 && (symbol(",") || symbol(")"))) return;
    if (symbol("(") || symbol("[")) ++depth;
    if (symbol(")") || symbol("]")) --depth;
  }
}

std::string_view Cursor::value() {
  const auto start = at_;
  if (symbol("+") || symbol("-")) advance();
  if (symbol("(")) {
    (void)parenthesis();
  } else {
    advance();
    while (symbol(".")) advance(2);
    if (symbol("(")) (void)parenthesis();
    else if (is_string() && tokens_[start].kind == TokenKind::word) advance();  // DATE '2020-01-01', _utf8mb4'x'
  }
  while (symbol("::")) {
    advance();
    (void)read_type(*this);
  }
  return text(start, at_);
}

}  // namespace migrate::parsed
