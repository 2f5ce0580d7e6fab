// The actions of ALTER TABLE.
#include "core/text.hpp"
#include "dialect/sql/parse_cursor.hpp"

namespace migrate::parsed {
namespace {

using Kind = Action::Kind;

/// PostgreSQL 18: [CONSTRAINT name] NOT NULL column [NOT VALID], which looks at the rows unless it is not valid.
bool read_not_null(Cursor& cursor, Action& action) {
  const auto start = cursor.index();
  if (cursor.accept("CONSTRAINT")) static_cast<void>(cursor.name());
  if (!cursor.accept({"NOT", "NULL"}) || !cursor.is_name()) {
    cursor.go_to(start);
    return false;
  }
  action.name = cursor.name();
  action.kind = Kind::set_not_null;
  if (cursor.accept({"NOT", "VALID"}) || cursor.accept({"NO", "INHERIT", "NOT", "VALID"})) action.kind = Kind::other;
  cursor.to_comma();
  return true;
}

void read_add(Cursor& cursor, Action& action) {
  if (cursor.accept({"GENERATED"}) || read_not_null(cursor, action)) return;
  if (cursor.accept("VALUE")) {  // ALTER TYPE
    action.if_exists = cursor.accept({"IF", "NOT", "EXISTS"});
    action.kind = Kind::add_value;
    action.name = cursor.name();
    return cursor.to_comma();
  }
  if (cursor.is_any({"CONSTRAINT", "PRIMARY", "UNIQUE", "FOREIGN", "CHECK", "EXCLUDE"}) && read_constraint(cursor, action.constraint)) {
    action.kind = Kind::add_constraint;
    action.name = action.constraint.name;
    return;
  }
  if (cursor.is_any({"KEY", "INDEX", "FULLTEXT", "SPATIAL"}) && read_table_index(cursor, action.index)) {
    action.kind = Kind::add_index;
    action.name = action.index.name;
    return;
  }
  if (cursor.accept("PARTITION")) return cursor.to_comma();
  cursor.accept("COLUMN");
  action.if_exists = cursor.accept({"IF", "NOT", "EXISTS"});
  action.kind = Kind::add_column;
  if (cursor.symbol("(")) {  // MySQL: ADD COLUMN (a int, b int); the first stands for all
    cursor.advance();
    action.name = action.column.name = cursor.name();
    read_column(cursor, action.column);
    int depth = 1;
    while (!cursor.at_end() && depth > 0) {
      if (cursor.symbol("(")) ++depth;
      if (cursor.symbol(")")) --depth;
      cursor.advance();
    }
    return;
  }
  const auto start = cursor.index();
  action.name = action.column.name = cursor.name();
  read_column(cursor, action.column);
  action.column.range = cursor.range(start, cursor.index());
}

void read_drop(Cursor& cursor, Action& action) {
  if (cursor.accept("CONSTRAINT") || (cursor.is("CHECK") && !cursor.symbol(",", 1) && (cursor.advance(), true))) action.kind = Kind::drop_constraint;
  else if (cursor.accept({"PRIMARY", "KEY"})) action.kind = Kind::drop_primary_key;
  else if (cursor.accept({"FOREIGN", "KEY"})) action.kind = Kind::drop_foreign_key;
  else if (cursor.accept("INDEX") || cursor.accept("KEY")) action.kind = Kind::drop_index;
  else if (cursor.accept("PARTITION")) return cursor.to_comma();
  else {
    cursor.accept("COLUMN");
    action.kind = Kind::drop_column;
  }
  action.if_exists = cursor.accept({"IF", "EXISTS"});
  if (action.kind != Kind::drop_primary_key) action.name = cursor.name();
  if (cursor.accept("CASCADE")) action.cascade = true;
  else cursor.accept("RESTRICT");
}

void read_alter_column(Cursor& cursor, Action& action) {
  cursor.accept("COLUMN");
  cursor.accept({"IF", "EXISTS"});
  action.name = cursor.name();
  if (cursor.accept({"SET", "DATA", "TYPE"}) || cursor.accept("TYPE")) {
    action.kind = Kind::set_type;
    action.to = read_type(cursor);
    if (cursor.accept("COLLATE")) action.column.collation = cursor.qualified().text();
    if (cursor.accept("USING")) {
      const auto start = cursor.index();
      cursor.to_comma();
      action.expression = std::string(cursor.text(start, cursor.index()));
    }
  } else if (cursor.accept({"SET", "NOT", "NULL"})) {
    action.kind = Kind::set_not_null;
  } else if (cursor.accept({"DROP", "NOT", "NULL"})) {
    action.kind = Kind::drop_not_null;
  } else if (cursor.accept({"SET", "DEFAULT"})) {
    action.kind = Kind::set_default;
    action.to = std::string(cursor.value());
  } else if (cursor.accept({"DROP", "DEFAULT"})) {
    action.kind = Kind::drop_default;
  } else if (cursor.accept({"ADD", "GENERATED"})) {
    action.kind = Kind::add_identity;
  }
  cursor.to_comma();
}

void read_rename(Cursor& cursor, Action& action) {
  if (cursor.accept("COLUMN")) action.kind = Kind::rename_column;
  else if (cursor.accept("CONSTRAINT")) action.kind = Kind::rename_constraint;
  else if (cursor.accept("INDEX") || cursor.accept("KEY")) action.kind = Kind::rename_index;
  else if (cursor.accept("VALUE")) action.kind = Kind::rename_value;
  else if (cursor.is("TO") || cursor.is("AS") || cursor.is("TO", 0) || !cursor.is("TO", 1)) {
    (void)(cursor.accept("TO") || cursor.accept("AS"));
    action.kind = Kind::rename_table;
    action.other = cursor.qualified();
    action.to = action.other.name;
    return;
  } else {
    action.kind = Kind::rename_column;
  }
  action.name = cursor.name();
  cursor.accept("TO");
  action.to = cursor.name();
}

/// MODIFY and CHANGE.
void read_change(Cursor& cursor, Action& action, bool renames) {
  cursor.accept("COLUMN");
  cursor.accept({"IF", "EXISTS"});
  action.kind = Kind::change_column;
  action.name = cursor.name();
  action.to = action.column.name = renames ? cursor.name() : action.name;
  read_column(cursor, action.column);
}

void read_option(Cursor& cursor, Action& action) {
  action.kind = Kind::option;
  cursor.accept("DEFAULT");
  if (cursor.accept({"CHARACTER", "SET"})) {
    action.name = "charset";
  } else {
    action.name = lower(cursor.token().text);
    cursor.advance();
  }
  cursor.accept_symbol("=");
  if (cursor.is_name() || cursor.is_string()) action.to = lower(cursor.name());
  // MySQL's options may stand behind each other without a comma; the cursor stays in front of the next.
}

void read_set(Cursor& cursor, Action& action) {
  if (cursor.accept("SCHEMA")) {
    action.kind = Kind::set_schema;
    action.to = cursor.name();
    return;
  }
  action.kind = Kind::option;
  if (cursor.is("LOGGED") || cursor.is("UNLOGGED") || cursor.is("WITHOUT")) {
    action.name = lower(cursor.token().text);
  } else if (cursor.accept("TABLESPACE")) {
    action.name = "tablespace";
    action.to = cursor.name();
  } else if (cursor.accept({"ACCESS", "METHOD"})) {
    action.name = "access_method";
    action.to = cursor.name();
  } else {
    action.name = "set";
  }
  cursor.to_comma();
}

bool read_partition(Cursor& cursor, Action& action, bool attach) {
  if (!cursor.accept("PARTITION")) return false;
  action.kind = attach ? Kind::attach_partition : Kind::detach_partition;
  action.other = cursor.qualified();
  const auto start = cursor.index();
  int depth = 0;
  while (!cursor.at_end() && !(depth == 0 && cursor.symbol(","))) {
    if (cursor.symbol("(")) ++depth;
    if (cursor.symbol(")")) --depth;
    if (cursor.is("CONCURRENTLY")) action.concurrently = true;
    cursor.advance();
  }
  action.expression = std::string(cursor.text(start, cursor.index()));
  return true;
}

void read_action(Cursor& cursor, Action& action) {
  if (cursor.accept("ADD")) return read_add(cursor, action);
  if (cursor.accept("DROP")) return read_drop(cursor, action);
  if (cursor.accept("ALTER")) {
    if (cursor.is_any({"INDEX", "CONSTRAINT", "CHECK"})) return cursor.to_comma();
    return read_alter_column(cursor, action);
  }
  if (cursor.accept("RENAME")) return read_rename(cursor, action);
  if (cursor.accept("MODIFY")) return read_change(cursor, action, false);
  if (cursor.accept("CHANGE")) return read_change(cursor, action, true);
  if (cursor.accept({"VALIDATE", "CONSTRAINT"})) {
    action.kind = Kind::validate_constraint;
    action.name = cursor.name();
    return;
  }
  if (cursor.is("ATTACH") && cursor.is("PARTITION", 1)) return cursor.advance(), void(read_partition(cursor, action, true));
  if (cursor.is("DETACH") && cursor.is("PARTITION", 1)) return cursor.advance(), void(read_partition(cursor, action, false));
  if (cursor.accept({"CONVERT", "TO"})) {
    action.kind = Kind::convert_charset;
    (void)(cursor.accept({"CHARACTER", "SET"}) || cursor.accept("CHARSET"));
    action.to = lower(cursor.name());
    if (cursor.accept("COLLATE")) action.expression = lower(cursor.name());
    return;
  }
  if (cursor.accept("SET")) return read_set(cursor, action);
  if (cursor.is_any({"ENGINE", "ALGORITHM", "LOCK", "ROW_FORMAT", "CHARSET", "COLLATE", "DEFAULT", "CHARACTER", "AUTO_INCREMENT", "COMMENT", "KEY_BLOCK_SIZE",
                     "FORCE", "COMPRESSION", "PAGE_COMPRESSED", "ENCRYPTED"})) {
    return read_option(cursor, action);
  }
  if (cursor.is("ORDER") && cursor.is("BY", 1)) {
    action.kind = Kind::option;
    action.name = "order_by";
  }
  cursor.to_comma();
}

}  // namespace

void read_actions(Cursor& cursor, Statement& statement) {
  while (!cursor.at_end()) {
    const auto start = cursor.index();
    Action action;
    read_action(cursor, action);
    if (cursor.index() == start) cursor.advance();
    action.range = cursor.range(start, cursor.index());
    if (action.kind == Kind::option && (action.name == "algorithm" || action.name == "lock")) statement.options[action.name] = action.to;
    const bool more_options = action.kind == Kind::option && !cursor.at_end() && !cursor.symbol(",");
    statement.actions.push_back(std::move(action));
    if (more_options) continue;
    if (!cursor.symbol(",")) cursor.to_comma();
    while (cursor.symbol(")")) cursor.advance(), cursor.to_comma();  // what was not understood
    if (!cursor.accept_symbol(",")) break;
  }
}

}  // namespace migrate::parsed
