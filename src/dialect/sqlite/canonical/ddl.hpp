/// Reads the CREATE statements that sqlite_schema keeps.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "dialect/sqlite/sql/text.hpp"
#include "migrate/schema.hpp"

namespace migrate::sqlite {

/// Walks over the tokens of one statement.
class Cursor {
 public:
  explicit Cursor(std::string_view sql) : sql_(sql), tokens_(tokenize(sql, lexical_rules())) {}

  [[nodiscard]] bool at_end() const { return at_ >= tokens_.size(); }
  [[nodiscard]] const Token& peek(std::size_t ahead = 0) const;
  [[nodiscard]] bool is(std::string_view keyword, std::size_t ahead = 0) const { return peek(ahead).is(keyword); }
  [[nodiscard]] bool is_symbol(std::string_view text, std::size_t ahead = 0) const { return peek(ahead).is_symbol(text); }
  void advance(std::size_t count = 1) { at_ += count; }
  bool accept(std::string_view keyword);
  bool accept(std::string_view first, std::string_view second);
  bool accept_symbol(std::string_view text);
  void expect_symbol(std::string_view text);

  /// A name in any of the four styles (a string may stand for a name too).
  std::string name();
  /// A name behind an optional schema, which is left out.
  std::string qualified_name();
  /// The text inside the parenthesis that starts here; the cursor moves behind it.
  std::string_view parenthesis();
  /// Moves to the next ',' or ')' that is not inside a parenthesis, and returns the tokens before it as [from, to).
  std::pair<std::size_t, std::size_t> list_item();

  [[nodiscard]] std::size_t index() const { return at_; }
  [[nodiscard]] const Token& token(std::size_t index) const { return tokens_[index]; }
  [[nodiscard]] std::string_view text(std::size_t from, std::size_t to) const;  ///< of the tokens [from, to)
  [[nodiscard]] std::string_view rest() const;                                  ///< from here to the end of the statement
  [[noreturn]] void fail() const;

 private:
  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// The table without its indexes and triggers. Throws Error (failed) for what is no CREATE TABLE statement.
[[nodiscard]] Table read_create_table(std::string_view sql);

/// The index; `table` is the one it stands on.
[[nodiscard]] Index read_create_index(std::string_view sql, const Table& table);

[[nodiscard]] View read_create_view(std::string_view sql);

/// A trigger's own words: "CREATE TRIGGER" and what follows, without TEMP, IF NOT EXISTS and a schema in front of its name.
[[nodiscard]] Trigger read_create_trigger(std::string_view sql);

/// One element of an index or key: column or expression, COLLATE, ASC or DESC.
[[nodiscard]] IndexPart read_index_part(std::string_view text, const std::vector<Column>& columns);

/// Columns as the table names them; a collation that is the column's own anyway is left out.
void settle_parts(std::vector<IndexPart>& parts, const std::vector<Column>& columns);

/// Brings a table into canonical form as far as that needs no other table: names of columns in keys as the columns have
/// them, key columns not NULL, collations that change nothing left out. For live and declared tables alike.
void settle_table(Table& table);

/// Foreign keys name their table as that is written, and the columns they refer to; the ones of its primary key if none
/// are given.
void settle_foreign_keys(Schema& schema);

}  // namespace migrate::sqlite
