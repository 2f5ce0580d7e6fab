#include "dialect/sqlite/canonical/virtual.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"

namespace migrate::sqlite {
namespace {

void go_to_module(Cursor& cursor) {
  while (!cursor.at_end() && !cursor.is("USING")) cursor.advance();
}

std::string value_of(const Token& token) { return token.kind == TokenKind::string ? unquote_text(token.text) : unquote_name(token.text); }

/// One argument of an FTS table: an option, or a column.
void read_text_argument(const Cursor& cursor, std::size_t from, std::size_t to, VirtualTable& table) {
  if (from >= to) return;
  const auto& first = cursor.token(from);
  const bool option = from + 1 < to && cursor.token(from + 1).is_symbol("=");
  if (option && first.is("content")) {
    table.rows = from + 2 >= to || value_of(cursor.token(from + 2)).empty() ? VirtualTable::Rows::nowhere : VirtualTable::Rows::outer;
  }
  // FTS3 takes `tokenize porter` without a sign too.
  if (!option && !first.is("tokenize")) table.columns.push_back(value_of(first));
}

/// One of an R-Tree: a name, or '+' and the name of what is kept beside the box.
void read_tree_argument(const Cursor& cursor, std::size_t from, std::size_t to, VirtualTable& table) {
  if (from < to && cursor.token(from).is_symbol("+")) ++from;
  if (from < to) table.columns.push_back(value_of(cursor.token(from)));
}

}  // namespace

VirtualTable read_virtual_table(std::string_view definition) {
  Cursor cursor(definition);
  go_to_module(cursor);
  cursor.advance();
  VirtualTable table;
  if (cursor.at_end()) return table;
  table.module = lower(cursor.name());
  const bool text = table.module == "fts3" || table.module == "fts4" || table.module == "fts5";
  const bool tree = table.module == "rtree" || table.module == "rtree_i32" || table.module == "geopoly";
  if (!text && !tree) return table;
  table.rows = VirtualTable::Rows::own;
  table.numbered = text || table.module == "geopoly";
  if (table.module == "geopoly") table.columns.emplace_back("_shape");
  if (cursor.accept_symbol("(")) {
    while (!cursor.at_end()) {
      const auto [from, to] = cursor.list_item();
      if (text) read_text_argument(cursor, from, to, table);
      else read_tree_argument(cursor, from, to, table);
      if (!cursor.accept_symbol(",")) break;
    }
  }
  if (text && table.columns.empty() && table.module != "fts5") table.columns.emplace_back("content");
  return table;
}

std::string virtual_table_sql(std::string_view definition, const std::string& name) {
  Cursor cursor(definition);
  go_to_module(cursor);
  return "CREATE VIRTUAL TABLE " + quote_name(name) + " " + std::string(cursor.rest());
}

std::vector<std::string> common_columns(const VirtualTable& from, const VirtualTable& to) {
  std::vector<std::string> common;
  for (const auto& column : to.columns) {
    if (std::any_of(from.columns.begin(), from.columns.end(), [&](const auto& other) { return equal_ignoring_case(other, column); })) common.push_back(column);
  }
  return common;
}

}  // namespace migrate::sqlite
