#include "dialect/sqlite/canonical/ddl.hpp"

#include <algorithm>

#include "core/text.hpp"

namespace migrate::sqlite {

const Token& Cursor::peek(std::size_t ahead) const {
  static const Token end{TokenKind::symbol, {}, 0, 0};
  return at_ + ahead < tokens_.size() ? tokens_[at_ + ahead] : end;
}

bool Cursor::accept(std::string_view keyword) {
  if (!is(keyword)) return false;
  ++at_;
  return true;
}

bool Cursor::accept(std::string_view first, std::string_view second) {
  if (!is(first) || !is(second, 1)) return false;
  at_ += 2;
  return true;
}

bool Cursor::accept_symbol(std::string_view text) {
  if (!is_symbol(text)) return false;
  ++at_;
  return true;
}

void Cursor::expect_symbol(std::string_view text) {
  if (!accept_symbol(text)) fail();
}

void Cursor::fail() const {
  throw Error{ErrorKind::failed, "cannot read the definition \"" + collapse_spaces(sql_) + "\" near \"" + std::string(peek().text) + "\""};
}

std::string Cursor::name() {
  const Token& token = peek();
  if (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name) {
    ++at_;
    return unquote_name(token.text);
  }
  if (token.kind == TokenKind::string) {
    ++at_;
    return unquote_text(token.text);
  }
  fail();
}

std::string Cursor::qualified_name() {
  std::string first = name();
  return accept_symbol(".") ? name() : first;
}

std::string_view Cursor::parenthesis() {
  if (!is_symbol("(")) fail();
  const std::size_t start = peek().offset + 1;
  int depth = 0;
  for (; !at_end(); ++at_) {
    if (is_symbol("(")) ++depth;
    if (is_symbol(")") && --depth == 0) {
      const std::size_t end = peek().offset;
      ++at_;
      return sql_.substr(start, end - start);
    }
  }
  fail();
}

std::pair<std::size_t, std::size_t> Cursor::list_item() {
  const std::size_t from = at_;
  int depth = 0;
  for (; !at_end(); ++at_) {
    if (is_symbol("(")) ++depth;
    if (depth == 0 && (is_symbol(",") || is_symbol(")"))) return {from, at_};
    if (is_symbol(")")) --depth;
  }
  return {from, at_};
}

std::string_view Cursor::text(std::size_t from, std::size_t to) const {
  if (from >= to) return {};
  const Token& last = tokens_[to - 1];
  return sql_.substr(tokens_[from].offset, last.offset + last.text.size() - tokens_[from].offset);
}

std::string_view Cursor::rest() const {
  std::size_t last = tokens_.size();
  while (last > at_ && tokens_[last - 1].is_symbol(";")) --last;
  return text(at_, last);
}

IndexPart read_index_part(std::string_view text, const std::vector<Column>& columns) {
  const Cursor cursor(text);
  const std::vector<Token> tokens = tokenize(text, lexical_rules());
  std::size_t last = tokens.size();
  IndexPart part;
  if (last > 2 && tokens[last - 2].is("NULLS")) {
    part.nulls_first = tokens[last - 1].is("FIRST");
    last -= 2;
  }
  if (last > 1 && (tokens[last - 1].is("ASC") || tokens[last - 1].is("DESC"))) part.descending = tokens[--last].is("DESC");
  if (last > 1 && tokens[last - 1].is("AUTOINCREMENT")) --last;
  if (last > 2 && tokens[last - 2].is("COLLATE")) {
    part.collation = lower(unquote_name(tokens[last - 1].text));
    last -= 2;
  }
  if (last == 1 && tokens[0].kind != TokenKind::number) {
    const std::string name = tokens[0].kind == TokenKind::string ? unquote_text(tokens[0].text) : unquote_name(tokens[0].text);
    const auto it = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return equal_ignoring_case(c.name, name); });
    part.column = it == columns.end() ? name : it->name;
  } else {
    part.expression = canonical_expression(cursor.text(0, last), columns);
  }
  return part;
}

Index read_create_index(std::string_view sql, const Table& table) {
  Cursor cursor(sql);
  Index index;
  cursor.accept("CREATE");
  index.unique = cursor.accept("UNIQUE");
  if (!cursor.accept("INDEX")) cursor.fail();
  if (cursor.accept("IF", "NOT")) cursor.advance();
  index.name = cursor.qualified_name();
  if (!cursor.accept("ON")) cursor.fail();
  cursor.name();
  cursor.expect_symbol("(");
  do {
    const auto [from, to] = cursor.list_item();
    index.parts.push_back(read_index_part(cursor.text(from, to), table.columns));
    keep_spelling(index.declared, "part " + std::to_string(index.parts.size()), cursor.text(from, to), index.parts.back().column);
  } while (cursor.accept_symbol(","));
  cursor.expect_symbol(")");
  settle_parts(index.parts, table.columns);
  if (cursor.accept("WHERE")) {
    index.where = canonical_expression(cursor.rest(), table.columns, table.name.name);
    keep_spelling(index.declared, "where", cursor.rest(), index.where);
  }
  return index;
}

View read_create_view(std::string_view sql) {
  Cursor cursor(sql);
  View view;
  cursor.accept("CREATE");
  if (!cursor.accept("TEMP")) cursor.accept("TEMPORARY");
  if (!cursor.accept("VIEW")) cursor.fail();
  if (cursor.accept("IF", "NOT")) cursor.advance();
  view.name.name = cursor.qualified_name();
  if (cursor.accept_symbol("(")) {
    do view.columns.push_back(cursor.name());
    while (cursor.accept_symbol(","));
    cursor.expect_symbol(")");
  }
  if (!cursor.accept("AS")) cursor.fail();
  view.definition = cursor.rest();
  return view;
}

Trigger read_create_trigger(std::string_view sql) {
  Cursor cursor(sql);
  Trigger trigger;
  cursor.accept("CREATE");
  if (cursor.is("TEMP") || cursor.is("TEMPORARY")) cursor.fail();
  if (!cursor.accept("TRIGGER")) cursor.fail();
  if (cursor.accept("IF", "NOT")) cursor.advance();
  if (cursor.is_symbol(".", 1)) cursor.advance(2);
  std::string definition = "CREATE TRIGGER " + std::string(cursor.rest());
  trigger.name = cursor.name();
  if (!cursor.accept("BEFORE") && !cursor.accept("AFTER")) cursor.accept("INSTEAD", "OF");
  if (!cursor.accept("DELETE") && !cursor.accept("INSERT") && !cursor.accept("UPDATE")) cursor.fail();
  if (cursor.accept("OF")) {
    do cursor.name();
    while (cursor.accept_symbol(","));
  }
  if (!cursor.accept("ON")) cursor.fail();
  trigger.table.name = cursor.qualified_name();
  trigger.definition = std::move(definition);
  return trigger;
}

}  // namespace migrate::sqlite
