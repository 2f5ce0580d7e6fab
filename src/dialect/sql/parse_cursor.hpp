/// Walks over the tokens of one statement, for the readers of parsed.hpp.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/parsed.hpp"

namespace migrate::parsed {

class Cursor {
 public:
  Cursor(std::string_view sql, const Rules& rules) : sql_(sql), rules_(rules), tokens_(tokenize(sql, *rules.lexical)) {}

  [[nodiscard]] bool at_end() const { return at_ >= tokens_.size(); }
  [[nodiscard]] bool is(std::string_view word, std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && tokens_[at_ + ahead].is(word);
  }
  [[nodiscard]] bool is_any(std::initializer_list<std::string_view> words) const;
  [[nodiscard]] bool symbol(std::string_view text, std::size_t ahead = 0) const {
    return at_ + ahead < tokens_.size() && tokens_[at_ + ahead].is_symbol(text);
  }
  bool accept(std::string_view word);
  /// Several words behind each other, all or none.
  bool accept(std::initializer_list<std::string_view> words);
  bool accept_symbol(std::string_view text);
  void advance(std::size_t count = 1) { at_ = std::min(at_ + count, tokens_.size()); }
  void go_to(std::size_t index) { at_ = index; }

  [[nodiscard]] bool is_name() const;
  [[nodiscard]] bool is_string() const { return !at_end() && tokens_[at_].kind == TokenKind::string; }
  /// A name, folded as the engine does; "" where there is none.
  std::string name();
  QualifiedName qualified();
  /// The names in a parenthesis; the cursor moves behind it. Parts that are no plain names make `plain` false.
  std::vector<std::string> name_list(bool* plain = nullptr);
  std::vector<IndexPart> parts();
  /// The text inside the parenthesis that starts here; the cursor moves behind it. "" when none starts here.
  std::string_view parenthesis();
  /// Moves to the next ',' (or closing parenthesis) outside of parentheses.
  void to_comma();
  /// One expression element (literal, name, function call, parenthesis, cast): what DEFAULT takes.
  std::string_view value();

  [[nodiscard]] const Token& token(std::size_t ahead = 0) const;
  [[nodiscard]] std::size_t index() const { return at_; }
  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] std::size_t begin_of(std::size_t index) const { return index < tokens_.size() ? tokens_[index].offset : sql_.size(); }
  [[nodiscard]] std::size_t end_of(std::size_t index) const;  ///< of the token in front of `index`
  [[nodiscard]] std::string_view text(std::size_t from, std::size_t to) const;  ///< of the tokens [from, to)
  [[nodiscard]] Range range(std::size_t from, std::size_t to) const { return from < to ? Range{begin_of(from), end_of(to)} : Range{}; }
  [[nodiscard]] const Rules& rules() const { return rules_; }

 private:
  std::string_view sql_;
  const Rules& rules_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// A column's definition behind its name; ends at a ',' or ')' outside of parentheses.
void read_column(Cursor& cursor, Column& column);
/// A table constraint, when one starts here.
[[nodiscard]] bool read_constraint(Cursor& cursor, Constraint& constraint);
/// KEY or INDEX inside CREATE TABLE or behind ADD.
[[nodiscard]] bool read_table_index(Cursor& cursor, Index& index);
/// What stands behind ALTER TABLE name.
void read_actions(Cursor& cursor, Statement& statement);
/// The list of columns and constraints of CREATE TABLE.
void read_table_body(Cursor& cursor, Statement& statement);
void read_table_options(Cursor& cursor, std::map<std::string, std::string>& options);
[[nodiscard]] std::string read_type(Cursor& cursor);

}  // namespace migrate::parsed
