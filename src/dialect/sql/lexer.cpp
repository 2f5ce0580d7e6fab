#include "dialect/sql/lexer.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/statement.hpp"

namespace migrate {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_word(char c) {
  return is_word_start(c) || is_digit(c) || c == '$';
}

/// Operators of more than one character, longest first, for engines with a closed set of them. PostgreSQL's own ones are in it
/// because no text of the others holds them otherwise.
constexpr std::array<std::string_view, 26> long_operators{
    "<=>", "->>", "#>>", "!~*", "!~~", "<=", ">=", "<>", "!=", "==", "||", "&&", "<<",
    ">>",  "->",  ":=",  "::",  "..",  "=>", "@>", "<@", "#>", "~*", "!~", "^@", "@@"};

constexpr std::string_view operator_characters = "+-*/<>=~!@#%^&|`?";

}  // namespace

bool Token::is(std::string_view keyword) const {
  return kind == TokenKind::word && equal_ignoring_case(text, keyword);
}

Lexer::Lexer(std::string_view source, const LexicalRules& rules, Location location, bool comments)
    : source_(source), rules_(rules), location_(std::move(location)), comments_(comments) {
  if (source_.substr(0, 3) == "\xEF\xBB\xBF") at_ = 3;
}

void Lexer::skip_to(std::size_t offset) {
  offset = std::min(offset, source_.size());
  if (offset <= at_) return;
  const auto from = at_;
  at_ = offset;
  advance_lines(from, at_);
}

void Lexer::advance_lines(std::size_t from, std::size_t to) {
  const auto part = source_.substr(from, to - from);
  line_ += static_cast<int>(std::count(part.begin(), part.end(), '\n'));
}

void Lexer::fail(const std::string& what, std::size_t start, int line) const {
  const auto line_start = start == 0 ? std::string_view::npos : source_.rfind('\n', start - 1);
  int column = static_cast<int>(start - (line_start == std::string_view::npos ? 0 : line_start + 1)) + 1;
  if (line == 1 && location_.column > 1) column += location_.column - 1;
  Location place{location_.file, std::max(location_.line, 1) + line - 1, column};
  throw Error{ErrorKind::usage, "unterminated " + what, "it starts here and is never closed", std::move(place)};
}

/// Where the comment that starts at the current offset ends, or the current offset when none does.
std::size_t Lexer::comment_end() const {
  const char c = peek();
  const bool dashes = c == '-' && peek(1) == '-' &&
                      (!rules_.dash_needs_space || at_ + 2 >= source_.size() || static_cast<unsigned char>(peek(2)) <= ' ');
  if (dashes || (c == '#' && rules_.hash_comments)) return std::min(source_.find('\n', at_), source_.size());
  if (c != '/' || peek(1) != '*') return at_;
  int depth = 1;
  std::size_t i = at_ + 2;
  while (i + 1 < source_.size()) {
    if (source_[i] == '*' && source_[i + 1] == '/') {
      i += 2;
      if (--depth == 0) return i;
    } else if (rules_.nested_comments && source_[i] == '/' && source_[i + 1] == '*') {
      i += 2;
      ++depth;
    } else {
      ++i;
    }
  }
  fail("comment", at_, line_);
}

/// True when it put a comment into `token`.
bool Lexer::skip_space_and_comments(Token& token) {
  while (at_ < source_.size()) {
    const auto start = at_;
    if (is_space(source_[at_])) {
      while (at_ < source_.size() && is_space(source_[at_])) ++at_;
      advance_lines(start, at_);
      continue;
    }
    std::size_t end = at_;
    if (rules_.executable_comments && peek() == '/' && peek(1) == '*' && (peek(2) == '!' || (peek(2) == 'M' && peek(3) == '!'))) {
      end = at_ + (peek(2) == '!' ? 3 : 4);
      const auto digits = end;
      while (end < source_.size() && end - digits < 6 && is_digit(source_[end])) ++end;
      // No server is that new: mariadb-dump writes "/*!999999\- enable the sandbox mode */" for its client alone.
      if (source_.substr(digits, 5) == "99999") {
        end = comment_end();
      } else {
        ++executable_depth_;
      }
    } else if (executable_depth_ > 0 && peek() == '*' && peek(1) == '/') {
      end = at_ + 2;
      --executable_depth_;
    } else {
      end = comment_end();
      if (end == at_) return false;
    }
    if (comments_) token = {TokenKind::comment, source_.substr(start, end - start), start, line_};
    at_ = end;
    advance_lines(start, end);
    if (comments_) return true;
  }
  return false;
}

void Lexer::read_quoted(char quote, bool backslash) {
  const auto start = at_++;
  while (at_ < source_.size()) {
    const char c = source_[at_];
    if (c == '\\' && backslash) {
      at_ += 2;
    } else if (c != quote) {
      ++at_;
    } else if (peek(1) == quote && quote != ']') {
      at_ += 2;
    } else {
      ++at_;
      return;
    }
  }
  fail(quote == '\'' ? "string" : "quoted name", start, line_);
}

TokenKind Lexer::read_word_or_prefixed() {
  const char c = peek();
  if (peek(1) == '\'' && std::string_view("xXbBnNeE").find(c) != std::string_view::npos) {
    const bool escape = c == 'e' || c == 'E';
    if (!escape || rules_.escape_strings) {
      ++at_;
      read_quoted('\'', escape || rules_.backslash_escapes);
      return TokenKind::string;
    }
  }
  if ((c == 'u' || c == 'U') && peek(1) == '&' && rules_.escape_strings && (peek(2) == '\'' || peek(2) == '"')) {
    at_ += 2;
    const char quote = peek();
    read_quoted(quote, false);
    return quote == '"' ? TokenKind::quoted_name : TokenKind::string;
  }
  while (at_ < source_.size() && is_word(source_[at_])) ++at_;
  return TokenKind::word;
}

TokenKind Lexer::read_number() {
  const auto digits = [&] {
    while (is_digit(peek()) || (peek() == '_' && is_digit(peek(1)))) ++at_;
  };
  bool fraction = false;
  if (peek() == '0' && std::string_view("xXbBoO").find(peek(1)) != std::string_view::npos && peek(1) != '\0') {
    at_ += 2;
  } else {
    digits();
    if (peek() == '.' && peek(1) != '.') {
      fraction = true;
      ++at_;
      digits();
    }
    const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
    if ((peek() == 'e' || peek() == 'E') && is_digit(peek(1 + sign))) {
      at_ += 1 + sign;
      digits();
      fraction = true;
    }
  }
  // MySQL's names may start with digits (2fa_codes); 0x1F and the like are numbers.
  const auto start = at_;
  while (!fraction && at_ < source_.size() && is_word(source_[at_])) ++at_;
  return at_ == start || !is_digit(source_[start - 1]) ? TokenKind::number : TokenKind::word;
}

/// $tag$ ... $tag$, $1, $name.
TokenKind Lexer::read_dollar() {
  const auto start = at_++;
  if (is_digit(peek())) {
    while (is_digit(peek())) ++at_;
    return TokenKind::parameter;
  }
  if (is_word_start(peek())) {
    while (at_ < source_.size() && (is_word_start(source_[at_]) || is_digit(source_[at_]))) ++at_;
  }
  if (!rules_.dollar_quotes || peek() != '$') return at_ - start > 1 ? TokenKind::parameter : TokenKind::symbol;
  ++at_;
  const auto tag = source_.substr(start, at_ - start);
  const auto end = source_.find(tag, at_);
  if (end == std::string_view::npos) fail("dollar-quoted string " + std::string(tag), start, line_);
  at_ = end + tag.size();
  return TokenKind::string;
}

/// PostgreSQL lets anybody make operators: its rule (manual, section 4.1.3) tells where one ends.
void Lexer::read_operator() {
  const auto rest = source_.substr(at_);
  if (std::string_view("(),;[]{}").find(rest.front()) != std::string_view::npos) {  // nearly every symbol is one of these
    ++at_;
    return;
  }
  if (!own_operators() || rest.front() == ':' || rest.front() == '.') {
    const auto known = std::find_if(long_operators.begin(), long_operators.end(),
                                    [&](std::string_view text) { return rest.starts_with(text); });
    at_ += known == long_operators.end() ? 1 : known->size();
    return;
  }
  const auto is_operator = [&](char c) {
    return operator_characters.find(c) != std::string_view::npos && !(c == '`' && rules_.backtick_names) &&
           !(c == '#' && rules_.hash_comments);
  };
  std::size_t size = 0;
  bool special = false;
  while (size < rest.size() && is_operator(rest[size])) {
    const auto pair = rest.substr(size, 2);
    if (size > 0 && (pair == "--" || pair == "/*")) break;
    special = special || std::string_view("~!@#%^&|`?").find(rest[size]) != std::string_view::npos;
    ++size;
  }
  while (size > 1 && !special && (rest[size - 1] == '+' || rest[size - 1] == '-')) --size;
  at_ += std::max<std::size_t>(size, 1);
}

TokenKind Lexer::read_token() {
  const char c = peek();
  if (c == '\'') return read_quoted(c, rules_.backslash_escapes), TokenKind::string;
  if (c == '"') {
    read_quoted(c, rules_.double_quoted_strings && rules_.backslash_escapes);
    return rules_.double_quoted_strings ? TokenKind::string : TokenKind::quoted_name;
  }
  if (c == '`' && rules_.backtick_names) return read_quoted(c, false), TokenKind::quoted_name;
  if (c == '[' && rules_.bracket_names) return read_quoted(']', false), TokenKind::quoted_name;
  if (is_word_start(c)) return read_word_or_prefixed();
  if (is_digit(c)) return read_number();
  if (c == '$') return read_dollar();
  if (c == '.' && is_digit(peek(1))) {
    // "t.2fa": behind a name the dot is a separator.
    const char before = at_ == 0 ? ' ' : source_[at_ - 1];
    if (!is_word(before) && before != '"' && before != '`' && before != ']' && before != '.') return read_number();
  }
  if (!own_operators()) {
    // MySQL has no ":name", but it has "label:BEGIN".
    const bool colon = c == ':' && !rules_.executable_comments && is_word_start(peek(1));
    const std::size_t sign = c == '@' && peek(1) == '@' ? 2 : 1;
    if (c == '?') {
      for (++at_; is_digit(peek());) ++at_;
      return TokenKind::parameter;
    }
    if (colon || (c == '@' && is_word(peek(sign)))) {
      for (at_ += colon ? 1 : sign; at_ < source_.size() && is_word(source_[at_]);) ++at_;
      return TokenKind::parameter;
    }
  }
  read_operator();
  return TokenKind::symbol;
}

bool Lexer::next(Token& token) {
  if (skip_space_and_comments(token)) return true;
  if (at_ >= source_.size()) {
    if (executable_depth_ > 0) {
      const auto start = source_.rfind("/*");
      fail("executable comment", start, 1 + static_cast<int>(std::count(source_.begin(), source_.begin() + start, '\n')));
    }
    return false;
  }
  const auto start = at_;
  const int line = line_;
  const auto kind = read_token();
  token = {kind, source_.substr(start, at_ - start), start, line};
  advance_lines(start, at_);
  return true;
}

std::vector<Token> tokenize(std::string_view source, const LexicalRules& rules) {
  std::vector<Token> tokens;
  Lexer lexer(source, rules);
  for (Token token{}; lexer.next(token);) tokens.push_back(token);
  return tokens;
}

const LexicalRules& rules_of(const Statement& statement, const LexicalRules& usual) { return statement.rules != nullptr ? *statement.rules : usual; }

std::vector<Token> tokens_of(const Statement& statement, const LexicalRules& usual) { return tokenize(statement.text, rules_of(statement, usual)); }

}  // namespace migrate
