/// A tokenizer for SQL, shared by the splitters, the readers of CREATE statements and the lint rules. What differs
/// between engines is data (`LexicalRules`), which each dialect owns.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

struct LexicalRules {
  bool nested_comments = false;      ///< /* /* */ */
  bool hash_comments = false;        ///< # to the end of the line
  bool dash_needs_space = false;     ///< "--" starts a comment only before white space or the end (MySQL)
  bool executable_comments = false;  ///< /*! ... */ and /*M! ... */ are code
  bool dollar_quotes = false;        ///< $tag$ ... $tag$
  bool escape_strings = false;       ///< E'...' knows backslash escapes
  bool backslash_escapes = false;    ///< every string knows backslash escapes
  bool backtick_names = false;       ///< `name`
  bool bracket_names = false;        ///< [name]
  bool double_quoted_strings = false;///< "..." is a string, not a name
};

enum class TokenKind {
  word,         ///< a keyword or an unquoted name
  quoted_name,  ///< "name", `name`, [name]
  string,       ///< '...', E'...', $$...$$, x'..' and, by rule, "..."
  number,
  parameter,    ///< $1, ?, :name, @variable
  symbol,       ///< an operator or punctuation; multi-character operators are one token
  comment       ///< only when asked for; also the marks of an executable comment ("/*!40101" and its "*/")
};

struct Token {
  TokenKind kind;
  std::string_view text;  ///< as it stands in the source, with quotes
  std::size_t offset = 0; ///< from the start of the source, in bytes
  int line = 1;           ///< from 1

  /// Whether it is this keyword (upper case), unquoted.
  [[nodiscard]] bool is(std::string_view keyword) const;
  [[nodiscard]] bool is_symbol(std::string_view text) const { return kind == TokenKind::symbol && this->text == text; }
  /// Whether it may be a name; keywords may.
  [[nodiscard]] bool is_name() const { return kind == TokenKind::word || kind == TokenKind::quoted_name; }
};

struct Statement;

/// The rules by which a statement is read: its own, or the engine's usual ones. They outlive every statement.
[[nodiscard]] const LexicalRules& rules_of(const Statement& statement, const LexicalRules& usual);

/// The tokens of a statement, without comments. Throws as tokenize() does.
[[nodiscard]] std::vector<Token> tokens_of(const Statement& statement, const LexicalRules& usual);

/// Reads tokens one after the other.
class Lexer {
 public:
  Lexer(std::string_view source, const LexicalRules& rules, Location location = {}, bool comments = false);

  /// The next token, or false at the end. Throws Error (usage) with the location of the start for an unterminated
  /// quote or comment.
  bool next(Token& token);

  [[nodiscard]] std::size_t offset() const { return at_; }
  [[nodiscard]] int line() const { return line_; }
  /// Moves on to an offset at or behind the current one (a DELIMITER line read by hand, COPY data).
  void skip_to(std::size_t offset);

 private:
  bool skip_space_and_comments(Token& token);
  std::size_t comment_end() const;
  TokenKind read_token();
  TokenKind read_word_or_prefixed();
  TokenKind read_number();
  TokenKind read_dollar();
  void read_operator();
  [[nodiscard]] bool own_operators() const { return rules_.dollar_quotes; }
  void read_quoted(char quote, bool backslash);
  void advance_lines(std::size_t from, std::size_t to);
  [[noreturn]] void fail(const std::string& what, std::size_t start, int line) const;
  [[nodiscard]] char peek(std::size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }

  std::string_view source_;
  const LexicalRules& rules_;
  Location location_;
  bool comments_;
  std::size_t at_ = 0;
  int line_ = 1;
  int executable_depth_ = 0;  ///< how many executable comments we are inside of
};

/// All tokens of a text.
[[nodiscard]] std::vector<Token> tokenize(std::string_view source, const LexicalRules& rules);

/// The name a word or quoted name stands for: quotes removed, doubled quotes undone; case kept.
[[nodiscard]] std::string unquote_name(std::string_view text);

/// The value of a plain string literal: quotes removed, doubled quotes undone (and backslash escapes, if asked).
[[nodiscard]] std::string unquote_text(std::string_view text, bool backslash_escapes = false);

/// An expression or statement as its tokens with one blank between them where needed, keywords and unquoted names in
/// lower case, names without quotes they do not need, no comments, no redundant outer parentheses: two texts that mean
/// the same more often compare equal.
[[nodiscard]] std::string normalize_sql(std::string_view sql, const LexicalRules& rules);

/// Whether a name is of lower-case ASCII letters, digits and underscores, and does not begin with a digit: no engine asks for quotes,
/// unless it is a keyword.
[[nodiscard]] bool is_plain_name(std::string_view name);

/// Whether the text mentions the name as an identifier (quoted or not, case ignored).
[[nodiscard]] bool mentions(std::string_view sql, std::string_view name, const LexicalRules& rules);

/// The text with one identifier replaced wherever it stands as an identifier; strings and comments stay.
[[nodiscard]] std::string rename_in_sql(std::string_view sql, std::string_view from, std::string_view to, const LexicalRules& rules);

}  // namespace migrate
