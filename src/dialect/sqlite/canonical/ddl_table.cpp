// Reads CREATE TABLE as sqlite_schema keeps it (SQLite's grammar: parse.y, create_table_args).
#include <algorithm>
#include <array>
#include <unordered_map>

#include "core/text.hpp"
#include "dialect/sqlite/canonical/ddl.hpp"

namespace migrate::sqlite {
namespace {

bool starts_constraint(const Cursor& cursor) {
  static constexpr std::array<std::string_view, 12> words{"CONSTRAINT", "PRIMARY", "NOT",       "NULL",       "UNIQUE",     "CHECK",
                                                          "DEFAULT",    "COLLATE", "REFERENCES", "GENERATED", "AS",         "DEFERRABLE"};
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return cursor.is(word); });
}

class TableReader {
 public:
  explicit TableReader(std::string_view sql) : cursor_(sql) {}

  Table read() {
    cursor_.accept("CREATE");
    if (!cursor_.accept("TEMP")) cursor_.accept("TEMPORARY");
    if (!cursor_.accept("TABLE")) cursor_.fail();
    if (cursor_.accept("IF", "NOT")) cursor_.advance();
    table_.name.name = cursor_.qualified_name();
    cursor_.expect_symbol("(");
    do {
      if (starts_table_constraint()) {
        read_table_constraints();
        break;
      }
      read_column();
    } while (cursor_.accept_symbol(","));
    cursor_.expect_symbol(")");
    read_options();
    resolve_texts();
    note_loose_keys();
    settle_table(table_);
    return std::move(table_);
  }

 private:
  [[nodiscard]] bool starts_table_constraint() const {
    if (cursor_.is("CONSTRAINT") || cursor_.is("UNIQUE") || cursor_.is("CHECK")) return true;
    return (cursor_.is("PRIMARY") || cursor_.is("FOREIGN")) && cursor_.is("KEY", 1);
  }

  void read_options() {
    while (!cursor_.at_end() && !cursor_.is_symbol(";")) {
      if (cursor_.accept("STRICT")) table_.options["strict"] = "true";
      else if (cursor_.accept("WITHOUT", "ROWID")) table_.options["without_rowid"] = "true";
      else if (!cursor_.accept_symbol(",")) cursor_.fail();
    }
  }

  // ---- columns ----

  void read_column() {
    Column column;
    column.name = cursor_.name();
    read_type(column);
    table_.columns.push_back(std::move(column));
    std::string name;
    while (!cursor_.is_symbol(",") && !cursor_.is_symbol(")")) {
      if (cursor_.accept("CONSTRAINT")) {
        name = cursor_.name();
        continue;
      }
      read_column_constraint(table_.columns.back(), name);
      name.clear();
    }
  }

  void read_type(Column& column) {
    const std::size_t from = cursor_.index();
    while (!cursor_.at_end() && !cursor_.is_symbol(",") && !cursor_.is_symbol(")") && !starts_constraint(cursor_)) {
      if (cursor_.is_symbol("(")) cursor_.parenthesis();
      else cursor_.advance();
    }
    const auto written = cursor_.text(from, cursor_.index());
    column.type = canonical_type(written);
    keep_spelling(column.declared, "type", written, column.type);
  }

  std::string on_conflict() {
    if (!cursor_.accept("ON", "CONFLICT")) return {};
    return lower(cursor_.name());
  }

  void read_column_constraint(Column& column, const std::string& name) {
    const std::size_t from = cursor_.index();
    if (cursor_.accept("PRIMARY", "KEY")) {
      PrimaryKey key{.name = name, .parts = {{.column = column.name}}};
      if (cursor_.accept("DESC")) key.parts[0].descending = true;
      else cursor_.accept("ASC");
      if (const auto action = on_conflict(); !action.empty()) key.options["on_conflict"] = action;
      if (cursor_.accept("AUTOINCREMENT")) column.identity = Identity{};
      table_.primary_key = std::move(key);
    } else if (cursor_.accept("NOT", "NULL")) {
      column.nullable = false;
      const std::string prefix = name.empty() ? "" : "CONSTRAINT " + quote_name(name) + " ";
      if (const auto action = on_conflict(); !action.empty()) column.options["not_null_conflict"] = action;
      column.declared.spelling["not_null"] = prefix + std::string(cursor_.text(from, cursor_.index()));
    } else if (cursor_.accept("NULL")) {
      on_conflict();
    } else if (cursor_.accept("UNIQUE")) {
      add_unique(name, {{.column = column.name}});
    } else if (cursor_.accept("CHECK")) {
      add_check(name);
    } else if (cursor_.accept("DEFAULT")) {
      read_default(column);
    } else if (cursor_.accept("COLLATE")) {
      const std::string written = cursor_.name();
      column.collation = lower(written);
      keep_spelling(column.declared, "collation", written, column.collation);
    } else if (cursor_.accept("REFERENCES")) {
      read_reference(name, {column.name});
    } else if (cursor_.is("AS") || cursor_.is("GENERATED")) {
      if (cursor_.accept("GENERATED")) cursor_.accept("ALWAYS");
      cursor_.accept("AS");
      column.generated = Generated{std::string(cursor_.parenthesis()), false};
      if (cursor_.accept("STORED")) column.generated->stored = true;
      else cursor_.accept("VIRTUAL");
    } else if (!read_deferrable()) {
      cursor_.fail();
    }
  }

  void read_default(Column& column) {
    const std::size_t from = cursor_.index();
    if (cursor_.is_symbol("(")) {
      cursor_.parenthesis();
    } else {
      if (cursor_.is_symbol("+") || cursor_.is_symbol("-")) cursor_.advance();
      cursor_.advance();
    }
    column.default_value = Default{true, std::string(cursor_.text(from, cursor_.index()))};
  }

  // ---- constraints ----

  /// Commas between table constraints may be missing, and a name may stand before nothing.
  void read_table_constraints() {
    std::string name;
    while (!cursor_.at_end() && !cursor_.is_symbol(")")) {
      if (cursor_.accept_symbol(",")) continue;
      if (cursor_.accept("CONSTRAINT")) {
        name = cursor_.name();
        continue;
      }
      read_table_constraint(name);
      name.clear();
    }
  }

  void read_table_constraint(const std::string& name) {
    if (cursor_.accept("PRIMARY", "KEY")) {
      bool identity = false;
      PrimaryKey key{.name = name, .parts = read_parts(&identity)};
      if (const auto action = on_conflict(); !action.empty()) key.options["on_conflict"] = action;
      if (identity) named_column(key.parts.front().column).identity = Identity{};
      // "PRIMARY KEY (id DESC)" makes the same rowid alias as "PRIMARY KEY (id)", unlike "id INTEGER PRIMARY KEY DESC".
      if (key.parts.size() == 1 && named_column(key.parts[0].column).type == "integer") key.parts[0].descending = false;
      table_.primary_key = std::move(key);
    } else if (cursor_.accept("UNIQUE")) {
      add_unique(name, read_parts(nullptr));
    } else if (cursor_.accept("CHECK")) {
      add_check(name);
    } else if (cursor_.accept("FOREIGN", "KEY")) {
      std::vector<std::string> columns = read_names();
      if (!cursor_.accept("REFERENCES")) cursor_.fail();
      read_reference(name, std::move(columns));
    } else if (!read_deferrable()) {
      cursor_.fail();
    }
  }

  Column& named_column(const std::string& name) {
    for (auto& column : table_.columns) {
      if (equal_ignoring_case(column.name, name)) return column;
    }
    cursor_.fail();
  }

  std::vector<std::string> read_names() {
    std::vector<std::string> names;
    cursor_.expect_symbol("(");
    do {
      names.push_back(cursor_.name());
      if (cursor_.accept("COLLATE")) cursor_.name();
      if (!cursor_.accept("ASC")) cursor_.accept("DESC");
    } while (cursor_.accept_symbol(","));
    cursor_.expect_symbol(")");
    return names;
  }

  std::vector<IndexPart> read_parts(bool* identity) {
    std::vector<IndexPart> parts;
    cursor_.expect_symbol("(");
    do {
      const auto [from, to] = cursor_.list_item();
      if (identity != nullptr && to > from && cursor_.token(to - 1).is("AUTOINCREMENT")) *identity = true;
      parts.push_back(read_index_part(cursor_.text(from, to), table_.columns));
    } while (cursor_.accept_symbol(","));
    cursor_.expect_symbol(")");
    return parts;
  }

  void add_unique(const std::string& name, std::vector<IndexPart> parts) {
    Unique unique{.name = name, .parts = std::move(parts)};
    if (const auto action = on_conflict(); !action.empty()) unique.options["on_conflict"] = action;
    table_.uniques.push_back(std::move(unique));
  }

  void add_check(const std::string& name) {
    table_.checks.push_back({.name = name, .expression = std::string(cursor_.parenthesis())});
    on_conflict();
  }

  void read_reference(const std::string& name, std::vector<std::string> columns) {
    ForeignKey key{.name = name, .columns = std::move(columns)};
    key.references.name = cursor_.name();
    if (cursor_.is_symbol("(")) key.referenced_columns = read_names();
    for (;;) {
      if (cursor_.accept("ON", "DELETE")) key.on_delete = read_action();
      else if (cursor_.accept("ON", "UPDATE")) key.on_update = read_action();
      else if (cursor_.accept("ON", "INSERT")) read_action();
      else if (cursor_.accept("MATCH")) key.match = lower(cursor_.name());
      else break;
    }
    if (key.match == "simple") key.match.clear();
    table_.foreign_keys.push_back(std::move(key));
    read_deferrable();
  }

  std::string read_action() {
    if (cursor_.accept("SET", "NULL")) return "set null";
    if (cursor_.accept("SET", "DEFAULT")) return "set default";
    if (cursor_.accept("CASCADE")) return "cascade";
    if (cursor_.accept("RESTRICT")) return "restrict";
    if (cursor_.accept("NO", "ACTION")) return {};
    cursor_.fail();
  }

  /// [NOT] DEFERRABLE [INITIALLY DEFERRED | IMMEDIATE], for the foreign key before it.
  bool read_deferrable() {
    const bool negated = cursor_.is("NOT") && cursor_.is("DEFERRABLE", 1);
    if (!negated && !cursor_.is("DEFERRABLE")) return false;
    cursor_.advance(negated ? 2 : 1);
    bool deferred = false;
    if (cursor_.accept("INITIALLY")) deferred = lower(cursor_.name()) == "deferred";
    if (!table_.foreign_keys.empty()) {
      table_.foreign_keys.back().deferrable = !negated;
      table_.foreign_keys.back().initially_deferred = !negated && deferred;
    }
    return true;
  }

  /// Expressions are read when all columns are known: a name in double quotes is a string if no column has it.
  void resolve_texts() {
    for (auto& column : table_.columns) {
      if (column.generated) {
        const std::string written = std::move(column.generated->expression);
        column.generated->expression = canonical_expression(written, table_.columns, table_.name.name);
        keep_spelling(column.declared, "generated", written, column.generated->expression);
      }
      if (column.default_value) {
        const std::string written = column.default_value->text;
        column.default_value = canonical_default(written, column.type, table_.columns);
        if (column.default_value) keep_spelling(column.declared, "default", written, default_sql(*column.default_value, column.type));
      }
    }
    for (auto& check : table_.checks) {
      const std::string written = std::move(check.expression);
      check.expression = canonical_expression(written, table_.columns, table_.name.name);
      keep_spelling(check.declared, "expression", written, check.expression);
    }
  }

  /// Rowid tables let a key column be NULL, by a bug that SQLite keeps; a table that was made so stays so when it is rebuilt.
  void note_loose_keys() {
    if (!table_.primary_key) return;
    for (const auto& part : table_.primary_key->parts) {
      Column& column = named_column(part.column);
      if (column.nullable) column.declared.spelling["not_null"].clear();
    }
  }

  Cursor cursor_;
  Table table_;
};

void settle_name(std::string& name, const std::vector<Column>& columns) {
  for (const auto& column : columns) {
    if (column.name == name) return;
  }
  for (const auto& column : columns) {
    if (equal_ignoring_case(column.name, name)) {
      name = column.name;
      return;
    }
  }
}

}  // namespace

Table read_create_table(std::string_view sql) { return TableReader(sql).read(); }

void settle_parts(std::vector<IndexPart>& parts, const std::vector<Column>& columns) {
  for (auto& part : parts) {
    if (part.column.empty()) {
      if (part.collation == "binary") part.collation.clear();
      continue;
    }
    settle_name(part.column, columns);
    const auto it = std::find_if(columns.begin(), columns.end(), [&](const Column& c) { return c.name == part.column; });
    const std::string own = it == columns.end() || it->collation.empty() ? "binary" : it->collation;
    if (part.collation == own) part.collation.clear();
  }
}

void settle_table(Table& table) {
  for (auto& column : table.columns) {
    if (column.collation == "binary") column.collation.clear();
  }
  if (table.primary_key) {
    settle_parts(table.primary_key->parts, table.columns);
    for (const auto& part : table.primary_key->parts) {
      for (auto& column : table.columns) {
        if (column.name == part.column) column.nullable = false;
      }
    }
  }
  for (auto& unique : table.uniques) settle_parts(unique.parts, table.columns);
  for (auto& index : table.indexes) settle_parts(index.parts, table.columns);
  for (auto& key : table.foreign_keys) {
    for (auto& name : key.columns) settle_name(name, table.columns);
  }
}

void settle_foreign_keys(Schema& schema) {
  std::unordered_map<std::string, const Table*> tables;
  for (const auto& table : schema.tables) tables.emplace(lower(table.name.name), &table);
  for (auto& table : schema.tables) {
    for (auto& key : table.foreign_keys) {
      const auto it = tables.find(lower(key.references.name));
      if (it == tables.end()) continue;
      const Table& parent = *it->second;
      key.references.name = parent.name.name;
      if (key.referenced_columns.empty() && parent.primary_key && parent.primary_key->parts.size() == key.columns.size()) {
        for (const auto& part : parent.primary_key->parts) key.referenced_columns.push_back(part.column);
      }
      for (auto& name : key.referenced_columns) settle_name(name, parent.columns);
    }
  }
}

}  // namespace migrate::sqlite
