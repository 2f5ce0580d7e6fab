#include "dialect/sqlite/sql/split.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "core/text.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

Location place_of(std::string_view sql, const Token& token, const Location& start) {
  const auto line_start = token.offset == 0 ? std::string_view::npos : sql.rfind('\n', token.offset - 1);
  int column = static_cast<int>(token.offset - (line_start == std::string_view::npos ? 0 : line_start + 1)) + 1;
  if (token.line == 1 && start.column > 1) column += start.column - 1;
  return {start.file, std::max(start.line, 1) + token.line - 1, column};
}

/// Whether the tokens start a trigger, whose body holds ';' up to its "; END".
bool starts_trigger(const std::vector<Token>& tokens) {
  std::size_t i = 0;
  if (i < tokens.size() && tokens[i].is("EXPLAIN")) ++i;
  if (i >= tokens.size() || !tokens[i].is("CREATE")) return false;
  ++i;
  if (i < tokens.size() && (tokens[i].is("TEMP") || tokens[i].is("TEMPORARY"))) ++i;
  return i < tokens.size() && tokens[i].is("TRIGGER");
}

/// The end of a trigger is END behind a ';' (a CASE inside ends without one), as in sqlite3_complete().
bool complete(const std::vector<Token>& tokens) {
  if (!starts_trigger(tokens)) return true;
  const std::size_t count = tokens.size();
  return count >= 2 && tokens[count - 1].is("END") && tokens[count - 2].is_symbol(";");
}

void refuse_client_command(std::string_view sql, const Token& token, const Location& start) {
  if (!token.is_symbol(".") && !token.is_symbol("\\")) return;
  const auto line_end = std::min(sql.find('\n', token.offset), sql.size());
  const std::string line(trim(sql.substr(token.offset, line_end - token.offset)));
  throw Error{ErrorKind::usage, "'" + line + "' is a command of a client program, not SQL",
              "take it out; '-- migrate: include FILE' brings in another file", place_of(sql, token, start)};
}

void finish(std::string_view sql, std::vector<Token>& tokens, const Location& start, std::vector<Statement>& statements) {
  if (tokens.empty()) return;
  const std::size_t from = tokens.front().offset;
  const std::size_t to = tokens.back().offset + tokens.back().text.size();
  statements.push_back({std::string(sql.substr(from, to - from)), place_of(sql, tokens.front(), start)});
  tokens.clear();
}

}  // namespace

std::vector<Statement> split(std::string_view sql, const Location& location) {
  std::vector<Statement> statements;
  std::vector<Token> tokens;
  Lexer lexer(sql, lexical_rules(), location);
  for (Token token{}; lexer.next(token);) {
    if (tokens.empty()) refuse_client_command(sql, token, location);
    if (token.is_symbol(";") && complete(tokens)) {
      finish(sql, tokens, location, statements);
    } else {
      tokens.push_back(token);
    }
  }
  finish(sql, tokens, location, statements);
  return statements;
}

}  // namespace migrate::sqlite
