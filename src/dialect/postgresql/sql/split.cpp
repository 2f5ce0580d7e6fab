#include "dialect/postgresql/sql/split.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

Location place_of(const Token& token, std::string_view sql, const Location& start) {
  Location place = start;
  if (place.line == 0) place.line = 1;
  place.line += token.line - 1;
  const auto line_start = token.offset == 0 ? std::string_view::npos : sql.rfind('\n', token.offset - 1);
  const auto column = static_cast<int>(line_start == std::string_view::npos ? token.offset : token.offset - line_start - 1) + 1;
  place.column = token.line == 1 && start.column > 1 ? start.column + column - 1 : column;
  return place;
}

[[noreturn]] void refuse_meta_command(const Token& token, std::string_view sql, const Location& location) {
  const auto end = std::min(sql.find('\n', token.offset), sql.size());
  auto command = std::string(trim(sql.substr(token.offset, std::min<std::size_t>(end - token.offset, 60))));
  const auto word = command.substr(0, command.find(' '));
  std::string hint = "remove it: only SQL can run here";
  if (word == "\\i" || word == "\\ir" || word == "\\include") hint = "write '-- migrate: include FILE' instead";
  if (word == "\\copy") hint = "load the data with INSERT statements, or in a C++ unit";
  if (word == "\\c" || word == "\\connect") hint = "a unit runs on one connection: choose the database in migrate.yaml";
  throw Error{ErrorKind::usage, "'" + command + "' is a command of psql, not SQL", hint, place_of(token, sql, location)};
}

/// COPY ... FROM stdin wants the data lines of psql behind it.
void refuse_copy_data(const std::vector<Token>& tokens, std::string_view sql, const Location& location) {
  if (tokens.empty() || !tokens[0].is("copy")) return;
  for (std::size_t i = 1; i + 1 < tokens.size(); ++i) {
    if (tokens[i].is("from") && tokens[i + 1].is("stdin")) {
      throw Error{ErrorKind::usage, "COPY ... FROM stdin needs psql to send the data", "write the rows as INSERT statements (pg_dump --inserts)",
                  place_of(tokens[0], sql, location)};
    }
  }
}

/// Follows one statement token by token and knows whether a ';' ends it, as psql does (psqlscan.l): in CREATE FUNCTION and
/// PROCEDURE the words BEGIN, CASE and END open and close a body, wherever they stand outside of parentheses.
class Body {
 public:
  void see(const Token& token) {
    if (token.is_symbol("(")) ++parentheses_;
    if (token.is_symbol(")")) --parentheses_;
    if (token.kind != TokenKind::word) return;
    if (words_ < 4) initials_[words_] = lower(token.text.substr(0, 1))[0];
    ++words_;
    if (parentheses_ != 0 || !makes_routine()) return;
    if (token.is("begin")) {
      if (blocks_++ == 0) start_ = token;
    } else if (blocks_ > 0 && token.is("case")) {
      ++blocks_;
    } else if (blocks_ > 0 && token.is("end")) {
      --blocks_;
    }
  }
  [[nodiscard]] bool open() const { return parentheses_ > 0 || blocks_ > 0; }
  /// Where a body begins that is not closed.
  [[nodiscard]] const Token* open_body() const { return blocks_ > 0 ? &start_ : nullptr; }

 private:
  [[nodiscard]] bool makes_routine() const {
    const auto routine = [](char c) { return c == 'f' || c == 'p'; };
    return initials_[0] == 'c' && (routine(initials_[1]) || (initials_[1] == 'o' && initials_[2] == 'r' && routine(initials_[3])));
  }

  int parentheses_ = 0;
  int blocks_ = 0;
  std::size_t words_ = 0;
  std::array<char, 4> initials_{};  ///< of the first words
  Token start_{};
};

/// What a session makes of standard_conforming_strings: whether a backslash in '...' is an escape.
const LexicalRules& rules_for(bool conforming) {
  static const auto escaping = [] {
    auto rules = lexical_rules();
    rules.backslash_escapes = true;
    return rules;
  }();
  return conforming ? lexical_rules() : escaping;
}

/// The value of SET [SESSION | LOCAL] standard_conforming_strings { = | TO } VALUE; nothing for another statement.
std::optional<bool> sets_conforming(const std::vector<Token>& tokens, bool otherwise) {
  std::size_t i = 1;
  if (tokens.empty() || !tokens[0].is("set")) return std::nullopt;
  if (i < tokens.size() && (tokens[i].is("session") || tokens[i].is("local"))) ++i;
  if (i + 2 >= tokens.size() || !tokens[i].is("standard_conforming_strings")) return std::nullopt;
  const auto value = lower(tokens[i + 2].kind == TokenKind::string ? unquote_text(tokens[i + 2].text) : std::string(tokens[i + 2].text));
  if (value == "default") return otherwise;
  return value == "on" || value == "true" || value == "1" || value == "yes";
}

/// pg_dump writes \restrict and \unrestrict around its text, which keep psql from commands in what it reads: here there are none.
bool begins_line(std::string_view sql, std::size_t offset);

bool is_passed_over(const Token& token, std::string_view sql) {
  const auto rest = sql.substr(token.offset);
  return begins_line(sql, token.offset) && (rest.starts_with("\\restrict ") || rest.starts_with("\\unrestrict "));
}

bool begins_line(std::string_view sql, std::size_t offset) {
  const auto line_start = offset == 0 ? std::string_view::npos : sql.rfind('\n', offset - 1);
  return trim(sql.substr(line_start == std::string_view::npos ? 0 : line_start + 1, offset - (line_start == std::string_view::npos ? 0 : line_start + 1))).empty();
}

/// Lines of a script whose first visible character is a backslash; found before tokens are read, since what follows a
/// meta-command need not be SQL (an apostrophe in \echo it's).
bool is_meta_command(const Token& token, std::string_view sql) {
  return token.text.starts_with('\\') || (token.kind == TokenKind::symbol && sql[token.offset] == '\\' && begins_line(sql, token.offset));
}

}  // namespace

std::vector<Statement> split(std::string_view sql, const Location& location, bool conforming) {
  std::vector<Statement> statements;
  std::vector<Token> tokens;
  Body body;
  const bool at_start = conforming;
  std::optional<Lexer> lexer(std::in_place, sql, rules_for(conforming), location);
  const auto finish = [&](std::size_t end) {
    if (!tokens.empty()) {
      refuse_copy_data(tokens, sql, location);
      const auto start = tokens.front().offset;
      statements.push_back({std::string(trim(sql.substr(start, end - start))), place_of(tokens.front(), sql, location), conforming ? nullptr : &rules_for(false)});
      if (const auto now = sets_conforming(tokens, at_start); now && *now != conforming) {
        conforming = *now;
        const auto offset = lexer->offset();
        lexer.emplace(sql, rules_for(conforming), location);
        lexer->skip_to(offset);
      }
    }
    tokens.clear();
    body = {};
  };
  Token token;
  std::size_t last_end = 0;
  while (lexer->next(token)) {
    if (is_meta_command(token, sql)) {
      if (!is_passed_over(token, sql)) refuse_meta_command(token, sql, location);
      lexer->skip_to(std::min(sql.find('\n', token.offset), sql.size()));
      continue;
    }
    if (token.is_symbol(";") && !body.open()) {
      finish(token.offset);
      continue;
    }
    body.see(token);
    // A statement's first words are all that the checks need.
    if (tokens.size() < 64 || token.is("from") || token.is("stdin")) tokens.push_back(token);
    last_end = token.offset + token.text.size();
  }
  if (const auto* start = body.open_body(); start != nullptr) {
    throw Error{ErrorKind::usage, "the body that starts here (BEGIN) is never closed", "end it with END", place_of(*start, sql, location)};
  }
  finish(last_end);
  return statements;
}

}  // namespace migrate::postgresql
