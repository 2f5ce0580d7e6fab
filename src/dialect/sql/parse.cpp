#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql/parse_cursor.hpp"

namespace migrate::parsed {
namespace {

/// What stands at depth 0 behind the cursor: the first offset in tokens of one of the words, or the end.
std::size_t find_word(Cursor cursor, std::initializer_list<std::string_view> words) {
  int depth = 0;
  for (; !cursor.at_end(); cursor.advance()) {
    if (cursor.symbol("(")) ++depth;
    if (cursor.symbol(")")) --depth;
    if (depth == 0 && cursor.is_any(words)) break;
  }
  return cursor.index();
}

/// The first table behind FROM, at any depth.
QualifiedName first_source(Cursor cursor) {
  while (!cursor.at_end() && !cursor.is("FROM")) cursor.advance();
  if (!cursor.accept("FROM")) return {};
  cursor.accept("ONLY");
  return cursor.is_name() ? cursor.qualified() : QualifiedName{};
}

void read_create_table(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::create_table;
  statement.if_exists = cursor.accept({"IF", "NOT", "EXISTS"});
  statement.name = cursor.qualified();
  if (cursor.accept({"PARTITION", "OF"})) statement.options["partition_of"] = cursor.qualified().text();
  if (cursor.accept("LIKE")) statement.options["like"] = cursor.qualified().text();
  if (cursor.symbol("(") && cursor.is("LIKE", 1)) statement.options["like"] = "true";
  if (cursor.symbol("(") && !cursor.is("SELECT", 1)) read_table_body(cursor, statement);
  read_table_options(cursor, statement.options);
  if (cursor.is("AS") || cursor.is("SELECT")) {
    statement.reads = true;
    statement.source = first_source(cursor);
  }
}

void read_create_index(Cursor& cursor, Statement& statement, bool unique, const std::string& method) {
  statement.verb = Verb::create_index;
  auto& index = statement.index;
  index.unique = unique;
  index.method = method;
  statement.on = {cursor.end_of(cursor.index()), cursor.end_of(cursor.index())};
  index.concurrently = statement.concurrently = cursor.accept("CONCURRENTLY");
  statement.if_exists = cursor.accept({"IF", "NOT", "EXISTS"});
  if (!cursor.is("ON")) statement.object = index.name = cursor.qualified().name;
  if (cursor.accept("USING")) index.method = lower(cursor.name());
  if (!cursor.accept("ON")) return;
  index.only = cursor.accept("ONLY");
  statement.name = cursor.qualified();
  if (cursor.accept("USING")) index.method = lower(cursor.name());
  index.parts = cursor.parts();
  while (!cursor.at_end()) {
    if (cursor.accept("WHERE")) {
      const auto start = cursor.index();
      while (!cursor.at_end()) cursor.advance();
      index.where = std::string(cursor.text(start, cursor.index()));
    } else if (cursor.is("ALGORITHM") || cursor.is("LOCK")) {
      const auto key = lower(cursor.token().text);
      cursor.advance();
      cursor.accept_symbol("=");
      statement.options[key] = lower(cursor.name());
    } else {
      cursor.advance();
    }
  }
}

void read_create(Cursor& cursor, Statement& statement) {
  if (cursor.accept({"OR", "REPLACE"})) statement.options["replace"] = "true";
  if (cursor.accept("GLOBAL") || cursor.accept("LOCAL")) {}
  if (cursor.accept("TEMP") || cursor.accept("TEMPORARY")) statement.temporary = true;
  const bool unlogged = cursor.accept("UNLOGGED");
  if (cursor.accept("TABLE")) {
    read_create_table(cursor, statement);
    if (unlogged) statement.options["unlogged"] = "true";
    return;
  }
  const bool unique = cursor.accept("UNIQUE");
  std::string method;
  if (cursor.is("INDEX", 1) && cursor.is_any({"FULLTEXT", "SPATIAL"})) {
    method = lower(cursor.token().text);
    cursor.advance();
  }
  if (cursor.accept("INDEX")) return read_create_index(cursor, statement, unique, method);
  while (cursor.is_any({"ALGORITHM", "DEFINER", "SQL", "RECURSIVE"})) {  // MySQL: in front of VIEW, TRIGGER, ...
    cursor.advance();
    while (!cursor.at_end() && !cursor.is_any({"VIEW", "TRIGGER", "FUNCTION", "PROCEDURE", "EVENT", "SQL"})) cursor.advance();
    if (cursor.accept("SQL")) cursor.advance(2);
  }
  if (cursor.accept({"MATERIALIZED", "VIEW"})) {
    statement.verb = Verb::create_view;
    statement.value = "materialized";
  } else if (cursor.accept("VIEW")) {
    statement.verb = Verb::create_view;
  } else if (cursor.accept("TYPE")) {
    statement.verb = Verb::create_type;
  } else if (cursor.accept("SCHEMA") || cursor.accept("DATABASE")) {
    statement.verb = Verb::create_schema;
  } else {
    statement.verb = cursor.is("TRIGGER") ? Verb::create_trigger : Verb::create_other;
    statement.object = lower(cursor.token().text);
    cursor.advance();
    statement.name = cursor.qualified();
    if (statement.verb == Verb::create_trigger) {
      cursor.go_to(find_word(cursor, {"ON"}));
      statement.object = statement.name.name;
      if (cursor.accept("ON")) statement.name = cursor.qualified();
    }
    return;
  }
  statement.if_exists = cursor.accept({"IF", "NOT", "EXISTS"});
  statement.name = cursor.qualified();
  if (statement.verb == Verb::create_type && cursor.accept({"AS", "ENUM"})) {
    statement.value = "enum";
    const auto list = cursor.parenthesis();
    for (const auto& token : tokenize(list, *cursor.rules().lexical)) {
      if (token.kind == TokenKind::string) statement.values.push_back(unquote_text(token.text));
    }
  }
}

void read_alter(Cursor& cursor, Statement& statement) {
  (void)(cursor.accept("ONLINE") || cursor.accept("OFFLINE") || cursor.accept("IGNORE"));
  statement.verb = Verb::alter_other;
  if (cursor.accept("TABLE")) statement.verb = Verb::alter_table;
  else if (cursor.accept("TYPE")) statement.verb = Verb::alter_type;
  else if (cursor.accept("INDEX")) statement.verb = Verb::alter_index;
  else {
    statement.object = lower(cursor.token().text);
    cursor.accept("MATERIALIZED");
    cursor.advance();
  }
  statement.if_exists = cursor.accept({"IF", "EXISTS"});
  cursor.accept("ONLY");
  statement.name = cursor.qualified();
  cursor.accept_symbol("*");
  if (cursor.accept("WAIT") || cursor.accept("NOWAIT")) {
    if (cursor.token().kind == TokenKind::number) cursor.advance();
  }
  statement.head = {0, cursor.end_of(cursor.index())};
  if (statement.verb == Verb::alter_table || statement.verb == Verb::alter_type) read_actions(cursor, statement);
}

void read_drop(Cursor& cursor, Statement& statement) {
  if (cursor.accept("TEMPORARY")) statement.temporary = true;
  cursor.accept("MATERIALIZED");
  if (cursor.accept("TABLE") || cursor.accept("TABLES")) statement.verb = Verb::drop_table;
  else if (cursor.accept("INDEX")) statement.verb = Verb::drop_index;
  else if (cursor.accept("VIEW")) statement.verb = Verb::drop_view;
  else if (cursor.accept("TYPE")) statement.verb = Verb::drop_type;
  else if (cursor.accept("SCHEMA")) statement.verb = Verb::drop_schema;
  else if (cursor.accept("DATABASE")) statement.verb = Verb::drop_database;
  else if (cursor.accept("TRIGGER")) statement.verb = Verb::drop_trigger;
  else {
    statement.verb = Verb::drop_other;
    statement.object = lower(cursor.token().text);
    cursor.advance();
  }
  statement.on = {cursor.end_of(cursor.index()), cursor.end_of(cursor.index())};
  statement.concurrently = cursor.accept("CONCURRENTLY");
  statement.if_exists = cursor.accept({"IF", "EXISTS"});
  do statement.names.push_back(cursor.qualified());
  while (cursor.accept_symbol(","));
  statement.name = statement.names.front();
  if (statement.verb == Verb::drop_index) {
    statement.object = statement.name.name;
    if (cursor.accept("ON")) statement.name = cursor.qualified();
  }
  while (!cursor.at_end()) {
    if (cursor.accept("CASCADE")) statement.cascade = true;
    else if (cursor.is("ALGORITHM") || cursor.is("LOCK")) {
      const auto key = lower(cursor.token().text);
      cursor.advance();
      cursor.accept_symbol("=");
      statement.options[key] = lower(cursor.name());
    } else cursor.advance();
  }
}

void read_condition(Cursor& cursor, Statement& statement) {
  const auto where = find_word(cursor, {"WHERE"});
  cursor.go_to(where);
  if (cursor.accept("WHERE")) {
    statement.where = true;
    const auto start = cursor.index();
    const auto end = find_word(cursor, {"RETURNING", "LIMIT", "ORDER"});
    statement.condition = std::string(cursor.text(start, end));
    cursor.go_to(end);
  }
  cursor.go_to(find_word(cursor, {"LIMIT"}));
  statement.limited = cursor.is("LIMIT");
}

void read_update(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::update;
  if (cursor.accept("OR")) cursor.advance();
  (void)(cursor.accept("LOW_PRIORITY") || cursor.accept("IGNORE"));
  cursor.accept("ONLY");
  statement.name = cursor.qualified();
  cursor.go_to(find_word(cursor, {"SET"}));
  if (cursor.accept("SET")) {
    const auto start = cursor.index();
    const auto end = find_word(cursor, {"WHERE", "FROM", "RETURNING", "LIMIT", "ORDER"});
    statement.assignments = std::string(cursor.text(start, end));
    while (cursor.index() < end) {
      if (cursor.is_name()) {
        auto name = cursor.qualified();
        statement.assigned.push_back(name.name);
      } else if (cursor.symbol("(")) {  // (a, b) = ...
        for (auto& name : cursor.name_list()) statement.assigned.push_back(std::move(name));
      }
      cursor.to_comma();
      if (cursor.index() >= end || !cursor.accept_symbol(",")) break;
    }
    cursor.go_to(end);
  }
  read_condition(cursor, statement);
}

void read_insert(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::insert;
  if (cursor.accept("OR")) cursor.advance();
  while (cursor.is_any({"LOW_PRIORITY", "DELAYED", "HIGH_PRIORITY", "IGNORE"})) cursor.advance();
  cursor.accept("INTO");
  statement.name = cursor.qualified();
  bool listed = false;
  if (cursor.symbol("(") && !cursor.is("SELECT", 1)) {
    statement.assigned = cursor.name_list();
    listed = true;
  }
  for (Cursor look = cursor; !look.at_end(); look.advance()) {
    if (look.is("VALUES") || look.is("VALUE")) break;
    if (!look.is("SELECT")) continue;
    Cursor from = look;
    statement.source = first_source(from);
    statement.reads = !statement.source.name.empty();
    statement.reads_all = !listed && look.symbol("*", 1);
    break;
  }
  if (cursor.is("WITH") && !statement.reads) statement.reads = true;
  read_condition(cursor, statement);
}

void read_pragma(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::pragma;
  statement.object = lower(cursor.qualified().name);
  if (cursor.accept_symbol("=")) statement.value = lower(cursor.text(cursor.index(), cursor.size()));
  else if (cursor.symbol("(")) statement.value = lower(cursor.parenthesis());
}

void read_vacuum(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::vacuum;
  if (cursor.symbol("(")) {
    for (const auto& option : split(lower(cursor.parenthesis()), ',')) statement.full = statement.full || option == "full" || option == "full true" || option == "full on";
  }
  while (cursor.is_any({"FULL", "FREEZE", "VERBOSE", "ANALYZE", "ANALYSE"})) {
    statement.full = statement.full || cursor.is("FULL");
    cursor.advance();
  }
  statement.name = cursor.qualified();
}

void read_reindex(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::reindex;
  if (cursor.symbol("(")) statement.concurrently = lower(cursor.parenthesis()).find("concurrently") != std::string::npos;
  statement.value = lower(cursor.token().text);
  cursor.advance();
  statement.on = {cursor.end_of(cursor.index()), cursor.end_of(cursor.index())};
  if (cursor.accept("CONCURRENTLY")) statement.concurrently = true;
  statement.name = cursor.qualified();
}

void read_refresh(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::refresh;
  cursor.accept({"MATERIALIZED", "VIEW"});
  statement.on = {cursor.end_of(cursor.index()), cursor.end_of(cursor.index())};
  statement.concurrently = cursor.accept("CONCURRENTLY");
  statement.name = cursor.qualified();
  statement.with_data = !cursor.accept({"WITH", "NO", "DATA"});
}

void read_truncate(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::truncate;
  cursor.accept("TABLE");
  do {
    cursor.accept("ONLY");
    statement.names.push_back(cursor.qualified());
    cursor.accept_symbol("*");
  } while (cursor.accept_symbol(","));
  statement.name = statement.names.front();
  while (!cursor.at_end()) {
    if (cursor.is("CASCADE")) statement.cascade = true;
    cursor.advance();
  }
}

void read_rename(Cursor& cursor, Statement& statement) {
  if (!cursor.accept("TABLE") && !cursor.accept("TABLES")) return;
  statement.verb = Verb::rename_table;
  do {
    statement.names.push_back(cursor.qualified());
    cursor.accept("TO");
    statement.names.push_back(cursor.qualified());
  } while (cursor.accept_symbol(","));
  statement.name = statement.names.front();
}

void read_delete(Cursor& cursor, Statement& statement) {
  statement.verb = Verb::remove;
  while (cursor.is_any({"LOW_PRIORITY", "QUICK", "IGNORE"})) cursor.advance();
  cursor.accept("FROM");
  cursor.accept("ONLY");
  statement.name = cursor.qualified();
  read_condition(cursor, statement);
}

/// WITH ... UPDATE and the like: the verb stands outside of all parentheses.
bool read_data(Cursor& cursor, Statement& statement) {
  if (cursor.is("WITH")) cursor.go_to(find_word(cursor, {"INSERT", "UPDATE", "DELETE", "SELECT", "MERGE"}));
  if (cursor.accept("UPDATE")) read_update(cursor, statement);
  else if (cursor.accept("DELETE")) read_delete(cursor, statement);
  else if (cursor.accept("INSERT") || cursor.accept("REPLACE")) read_insert(cursor, statement);
  else if (cursor.is("SELECT") || cursor.is("VALUES")) {
    statement.verb = Verb::select;
    statement.source = first_source(cursor);
  } else return false;
  return true;
}

}  // namespace

Statement parse(std::string_view sql, const Rules& rules) {
  Statement statement;
  Cursor cursor(sql, rules);
  if (cursor.at_end()) return statement;
  statement.word = upper(cursor.token().text);
  if (read_data(cursor, statement)) return statement;
  if (cursor.accept("CREATE")) read_create(cursor, statement);
  else if (cursor.accept("ALTER")) read_alter(cursor, statement);
  else if (cursor.accept("DROP")) read_drop(cursor, statement);
  else if (cursor.accept("TRUNCATE")) read_truncate(cursor, statement);
  else if (cursor.accept("RENAME")) read_rename(cursor, statement);
  else if (cursor.accept("PRAGMA")) read_pragma(cursor, statement);
  else if (cursor.accept("VACUUM")) read_vacuum(cursor, statement);
  else if (cursor.accept("REINDEX")) read_reindex(cursor, statement);
  else if (cursor.accept("REFRESH")) read_refresh(cursor, statement);
  else if (cursor.accept("CLUSTER")) {
    statement.verb = Verb::cluster;
    cursor.accept("VERBOSE");
    statement.name = cursor.qualified();
    if (cursor.accept("USING")) statement.object = cursor.name();
    else if (cursor.accept("ON")) statement.name = cursor.qualified();
  } else if (cursor.is("BEGIN") || cursor.is("START")) {
    statement.verb = cursor.is("NOT", 1) || (cursor.is("START") && !cursor.is("TRANSACTION", 1)) ? Verb::other : Verb::begin;
  } else if (cursor.is("COMMIT") || cursor.is("END")) {
    statement.verb = Verb::commit;
  } else if (cursor.is("ROLLBACK") || cursor.is("ABORT")) {
    statement.verb = cursor.is("TO", 1) || cursor.is("TO", 2) ? Verb::savepoint : Verb::rollback;
  } else if (cursor.is("SAVEPOINT") || cursor.is("RELEASE")) {
    statement.verb = Verb::savepoint;
  } else if (cursor.accept("SET")) {
    statement.verb = Verb::set;
    (void)(cursor.accept("SESSION") || cursor.accept("LOCAL"));
    statement.object = lower(cursor.name());
    statement.value = lower(cursor.text(cursor.index() + 1, cursor.size()));
  } else if (cursor.is("ANALYZE") || cursor.is("ANALYSE")) {
    statement.verb = Verb::analyze;
  } else if (cursor.is("COMMENT")) {
    statement.verb = Verb::comment;
  } else if (cursor.accept("COPY")) {
    statement.verb = Verb::copy;
    statement.name = cursor.qualified();
  } else if (cursor.accept("LOCK")) {
    statement.verb = Verb::lock;
    (void)(cursor.accept("TABLE") || cursor.accept("TABLES"));
    statement.name = cursor.qualified();
  }
  return statement;
}

}  // namespace migrate::parsed
