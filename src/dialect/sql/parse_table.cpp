// Columns, constraints and indexes as CREATE TABLE and ALTER TABLE write them.
#include <algorithm>
#include <cstdlib>
#include <utility>

#include "core/text.hpp"
#include "dialect/sql/parse_cursor.hpp"

namespace migrate::parsed {
namespace {

bool starts_attribute(const Cursor& cursor) {
  if (cursor.is("CHARACTER") && cursor.is("SET", 1)) return true;
  return cursor.is_any({"CONSTRAINT", "NOT", "NULL", "DEFAULT", "PRIMARY", "UNIQUE", "CHECK", "REFERENCES", "GENERATED", "AS", "COLLATE",
                        "AUTO_INCREMENT", "AUTOINCREMENT", "COMMENT", "ON", "FIRST", "AFTER", "CHARSET", "STORAGE", "COMPRESSION", "USING", "INVISIBLE",
                        "VISIBLE", "VIRTUAL", "STORED", "PERSISTENT", "KEY", "DEFERRABLE", "INITIALLY", "OPTIONS", "COLUMN_FORMAT"});
}

void read_references(Cursor& cursor, Constraint& constraint) {
  constraint.references = cursor.qualified();
  if (cursor.symbol("(")) constraint.referenced_columns = cursor.name_list();
  while (!cursor.at_end()) {
    if (cursor.accept("ON")) {
      cursor.advance();
      if (cursor.accept("NO")) cursor.accept("ACTION");
      else if (cursor.accept("SET")) { cursor.advance(); (void)cursor.parenthesis(); }
      else cursor.advance();
    } else if (cursor.accept("MATCH")) {
      cursor.advance();
    } else {
      return;
    }
  }
}

void read_constraint_tail(Cursor& cursor, Constraint& constraint) {
  while (!cursor.at_end()) {
    if (cursor.accept({"NOT", "VALID"})) constraint.not_valid = true;
    else if (cursor.accept({"NOT", "DEFERRABLE"}) || cursor.accept("DEFERRABLE") || cursor.accept({"NOT", "ENFORCED"}) || cursor.accept("ENFORCED") ||
             cursor.accept({"NO", "INHERIT"})) {}
    else if (cursor.accept("INITIALLY")) cursor.advance();
    else if (cursor.accept("INCLUDE")) (void)cursor.parenthesis();
    else if (cursor.accept({"ON", "CONFLICT"})) cursor.advance();
    else return;
  }
}

}  // namespace

bool Column::has(Constraint::Kind kind) const {
  return std::any_of(constraints.begin(), constraints.end(), [&](const Constraint& constraint) { return constraint.kind == kind; });
}

std::string_view type_name(std::string_view type) { return trim(type.substr(0, type.find('('))); }

std::pair<int, int> type_numbers(std::string_view type) {
  const auto open = type.find('(');
  if (open == std::string_view::npos || open + 1 >= type.size() || type[open + 1] < '0' || type[open + 1] > '9') return {-1, -1};
  const int first = std::atoi(std::string(type.substr(open + 1)).c_str());
  const auto comma = type.find(',', open);
  return {first, comma == std::string_view::npos ? -1 : std::atoi(std::string(type.substr(comma + 1)).c_str())};
}

std::string read_type(Cursor& cursor) {
  std::string type;
  while (!cursor.at_end() && !cursor.symbol(",") && !cursor.symbol(")") && !cursor.symbol(";")) {
    if (starts_attribute(cursor)) break;
    const auto& token = cursor.token();
    if (cursor.symbol("(")) {
      std::string inside;
      const auto text = cursor.parenthesis();
      for (const auto& part : tokenize(text, *cursor.rules().lexical)) {
        inside += part.kind == TokenKind::string ? std::string(part.text) : lower(part.text);
      }
      type += "(" + inside + ")";
    } else if (cursor.symbol("[")) {
      type += "[";
      cursor.advance();
    } else if (cursor.symbol("]") || cursor.symbol(".") || cursor.symbol("%")) {
      type += token.text;
      cursor.advance();
    } else if (token.kind == TokenKind::word || token.kind == TokenKind::quoted_name || token.kind == TokenKind::number) {
      const bool glue = type.empty() || type.ends_with('.') || type.ends_with('[');
      type += (glue ? "" : " ") + lower(token.kind == TokenKind::quoted_name ? unquote_name(token.text) : std::string(token.text));
      cursor.advance();
    } else {
      break;
    }
  }
  return type;
}

bool read_constraint(Cursor& cursor, Constraint& constraint) {
  const auto start = cursor.index();
  if (cursor.accept("CONSTRAINT") && !cursor.is_any({"PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"})) constraint.name = cursor.name();
  using Kind = Constraint::Kind;
  const auto key_name = [&] {  // MySQL: UNIQUE KEY name (a), FOREIGN KEY name (a)
    if (cursor.is_name() && !cursor.is("USING")) {
      if (constraint.name.empty()) constraint.name = cursor.name();
      else (void)cursor.name();
    }
    if (cursor.accept("USING")) cursor.advance();
  };
  const bool primary = cursor.accept({"PRIMARY", "KEY"});
  if (primary || cursor.accept("UNIQUE")) {
    constraint.kind = primary ? Kind::primary_key : Kind::unique;
    if (!primary) {
      if (!cursor.accept("KEY")) (void)cursor.accept("INDEX");
      if (cursor.accept("NULLS")) { cursor.accept("NOT"); cursor.accept("DISTINCT"); }
    }
    if (cursor.accept({"USING", "INDEX"})) constraint.using_index = cursor.name();
    else if (!cursor.symbol("(")) key_name();
    if (cursor.symbol("(")) constraint.columns = cursor.name_list(&constraint.plain);
    if (cursor.accept({"USING", "INDEX", "TABLESPACE"})) cursor.advance();
  } else if (cursor.accept({"FOREIGN", "KEY"})) {
    constraint.kind = Kind::foreign_key;
    if (!cursor.symbol("(")) {
      cursor.accept({"IF", "NOT", "EXISTS"});
      key_name();
    }
    constraint.columns = cursor.name_list(&constraint.plain);
    if (cursor.accept("REFERENCES")) read_references(cursor, constraint);
  } else if (cursor.accept("CHECK")) {
    constraint.kind = Kind::check;
    constraint.expression = std::string(cursor.parenthesis());
  } else if (cursor.accept("EXCLUDE")) {
    constraint.kind = Kind::exclude;
    while (!cursor.at_end() && !cursor.symbol("(")) cursor.advance();
    (void)cursor.parenthesis();
    if (cursor.accept("WHERE")) (void)cursor.parenthesis();
  } else {
    cursor.go_to(start);
    return false;
  }
  read_constraint_tail(cursor, constraint);
  constraint.range = cursor.range(start, cursor.index());
  return true;
}

void read_column(Cursor& cursor, Column& column) {
  const auto type_start = cursor.index();
  column.type = read_type(cursor);
  column.type_range = cursor.range(type_start, cursor.index());
  for (const auto* serial : {"serial", "bigserial", "smallserial", "serial4", "serial8", "serial2"}) column.auto_number = column.auto_number || column.type == serial;
  std::string constraint_name;
  std::size_t named_at = 0;
  const auto add = [&](Constraint::Kind kind, std::size_t start) -> Constraint& {
    Constraint constraint;
    constraint.kind = kind;
    constraint.of_column = true;
    constraint.columns = {column.name};
    constraint.name = std::exchange(constraint_name, {});
    column.constraints.push_back(std::move(constraint));
    column.constraints.back().range.begin = cursor.begin_of(column.constraints.back().name.empty() ? start : named_at);
    return column.constraints.back();
  };
  while (!cursor.at_end() && !cursor.symbol(",") && !cursor.symbol(")")) {
    const auto start = cursor.index();
    if (cursor.accept("CONSTRAINT")) {
      named_at = start;
      constraint_name = cursor.name();
    } else if (cursor.accept({"NOT", "NULL"})) {
      column.not_null = true;
      constraint_name.clear();
    } else if (cursor.accept("NULL")) {
      column.null = true;
    } else if (cursor.accept("DEFAULT")) {
      column.default_sql = std::string(cursor.value());
      column.default_range = cursor.range(start, cursor.index());
    } else if (cursor.accept({"PRIMARY", "KEY"})) {
      (void)(cursor.accept("ASC") || cursor.accept("DESC"));
      auto& constraint = add(Constraint::Kind::primary_key, start);
      constraint.range.end = cursor.end_of(cursor.index());
      column.not_null = true;
    } else if (cursor.accept("UNIQUE")) {
      cursor.accept("KEY");
      auto& constraint = add(Constraint::Kind::unique, start);
      constraint.range.end = cursor.end_of(cursor.index());
    } else if (cursor.accept("CHECK")) {
      auto& constraint = add(Constraint::Kind::check, start);
      constraint.expression = std::string(cursor.parenthesis());
      read_constraint_tail(cursor, constraint);
      constraint.range.end = cursor.end_of(cursor.index());
    } else if (cursor.accept("REFERENCES")) {
      auto& constraint = add(Constraint::Kind::foreign_key, start);
      read_references(cursor, constraint);
      read_constraint_tail(cursor, constraint);
      constraint.range.end = cursor.end_of(cursor.index());
    } else if (cursor.accept({"GENERATED", "BY", "DEFAULT", "AS", "IDENTITY"}) || cursor.accept({"GENERATED", "ALWAYS", "AS", "IDENTITY"}) ||
               cursor.accept({"GENERATED", "BY", "DEFAULT", "ON", "NULL", "AS", "IDENTITY"})) {
      column.auto_number = column.identity = true;
      column.not_null = true;
      (void)cursor.parenthesis();
    } else if (cursor.accept({"GENERATED", "ALWAYS", "AS"}) || cursor.accept("AS")) {
      column.generated = std::string(cursor.parenthesis());
      if (cursor.accept("STORED") || cursor.accept("PERSISTENT")) column.stored = true;
      else cursor.accept("VIRTUAL");
    } else if (cursor.accept("AUTO_INCREMENT") || cursor.accept("AUTOINCREMENT")) {
      column.auto_number = true;
    } else if (cursor.accept("COMMENT")) {
      column.commented = true;
      cursor.advance();
    } else if (cursor.accept("COLLATE")) {
      column.collation = cursor.qualified().text();
    } else if (cursor.accept({"CHARACTER", "SET"}) || cursor.accept("CHARSET")) {
      column.charset = lower(cursor.name());
    } else if (cursor.accept({"ON", "UPDATE"})) {
      column.on_update = std::string(cursor.value());
    } else if (cursor.accept("FIRST")) {
      column.place = "first";
    } else if (cursor.accept("AFTER")) {
      column.place = "after " + cursor.name();
    } else if (cursor.symbol("(")) {
      (void)cursor.parenthesis();
    } else {
      cursor.advance();
    }
  }
}

bool read_table_index(Cursor& cursor, Index& index) {
  const auto start = cursor.index();
  std::size_t ahead = 0;
  if (cursor.is("FULLTEXT") || cursor.is("SPATIAL")) {
    index.method = lower(cursor.token().text);
    ahead = 1;
  }
  if (!cursor.is("KEY", ahead) && !cursor.is("INDEX", ahead)) {
    if (ahead == 0) return false;
    cursor.advance();
  } else {
    cursor.advance(ahead + 1);
  }
  cursor.accept({"IF", "NOT", "EXISTS"});
  if (!cursor.symbol("(") && !cursor.is("USING")) index.name = cursor.name();
  if (cursor.accept("USING")) index.method = lower(cursor.name());
  if (!cursor.symbol("(")) {  // a column that is called "key"
    cursor.go_to(start);
    return false;
  }
  index.parts = cursor.parts();
  if (cursor.accept("USING")) index.method = lower(cursor.name());
  cursor.to_comma();
  index.range = cursor.range(start, cursor.index());
  return true;
}

void read_table_body(Cursor& cursor, Statement& statement) {
  if (!cursor.accept_symbol("(")) return;
  while (!cursor.at_end() && !cursor.symbol(")")) {
    const auto start = cursor.index();
    Constraint constraint;
    Index index;
    if (cursor.is_any({"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"}) && read_constraint(cursor, constraint)) {
      statement.constraints.push_back(std::move(constraint));
    } else if (cursor.is_any({"KEY", "INDEX", "FULLTEXT", "SPATIAL"}) && read_table_index(cursor, index)) {
      statement.indexes.push_back(std::move(index));
    } else if (!cursor.is("LIKE") && !cursor.is("PERIOD") && (cursor.is_name() || cursor.is_string())) {
      Column column;
      column.name = cursor.name();
      read_column(cursor, column);
      column.range = cursor.range(start, cursor.index());
      for (const auto& own : column.constraints) statement.constraints.push_back(own);
      statement.columns.push_back(std::move(column));
    }
    cursor.to_comma();
    if (!cursor.accept_symbol(",")) break;
  }
  cursor.accept_symbol(")");
}

void read_table_options(Cursor& cursor, std::map<std::string, std::string>& options) {
  while (!cursor.at_end() && !cursor.is("AS") && !cursor.is("SELECT")) {
    if (cursor.accept({"WITHOUT", "ROWID"})) { options["without_rowid"] = "true"; continue; }
    if (cursor.accept("STRICT")) { options["strict"] = "true"; continue; }
    if (cursor.accept("INHERITS")) { options["inherits"] = std::string(cursor.parenthesis()); continue; }
    if (cursor.accept({"PARTITION", "BY"})) { options["partition_by"] = "true"; cursor.advance(); continue; }
    cursor.accept("DEFAULT");
    std::string key;
    if (cursor.accept({"CHARACTER", "SET"}) || cursor.accept("CHARSET")) key = "charset";
    else if (cursor.is_any({"ENGINE", "TYPE", "COLLATE", "ROW_FORMAT", "ALGORITHM", "LOCK"})) {
      key = lower(cursor.token().text);
      cursor.advance();
    }
    if (key.empty()) {
      if (cursor.symbol("(")) (void)cursor.parenthesis();
      else cursor.advance();
      continue;
    }
    cursor.accept_symbol("=");
    options[key == "type" ? "engine" : key] = lower(cursor.name());
  }
}

}  // namespace migrate::parsed
