/// What a statement does, read from its text: one small recognizer of DDL and data statements for all engines, over the
/// dialect's own tokens. It never refuses a text: what it does not know is `Verb::other`, or an action of kind `other`.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate::parsed {

/// Bytes of the statement's text, half open.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
  [[nodiscard]] bool empty() const { return begin >= end; }
};

struct Constraint {
  enum class Kind { primary_key, unique, foreign_key, check, exclude };
  Kind kind = Kind::check;
  std::string name;
  std::vector<std::string> columns;
  bool plain = true;                            ///< the key's parts are columns, without expressions or prefixes
  QualifiedName references;
  std::vector<std::string> referenced_columns;  ///< may be empty: the primary key
  std::string expression;                       ///< of a check, without the outer parentheses
  std::string using_index;
  bool not_valid = false;
  bool of_column = false;                       ///< stands behind a column's type
  Range range;
};

struct Column {
  std::string name;
  std::string type;  ///< lower case, "varchar(20)", "timestamp with time zone"; "" when there is none
  bool not_null = false;
  bool null = false;       ///< NULL is written
  bool auto_number = false;  ///< identity, AUTO_INCREMENT, AUTOINCREMENT, serial
  bool identity = false;
  std::optional<std::string> default_sql;
  std::string on_update;
  std::string generated;   ///< the expression
  bool stored = false;     ///< of a generated column
  bool commented = false;
  std::string charset;
  std::string collation;
  std::string place;       ///< "first", "after NAME" or ""
  std::vector<Constraint> constraints;
  Range range;
  Range default_range;     ///< of DEFAULT and its value
  Range type_range;

  [[nodiscard]] bool has(Constraint::Kind kind) const;
};

struct Index {
  std::string name;
  bool unique = false;
  std::string method;  ///< lower case; "" is the usual one
  std::vector<IndexPart> parts;
  std::string where;
  bool concurrently = false;
  bool only = false;
  Range range;
};

/// One part of an ALTER.
struct Action {
  enum class Kind {
    add_column, drop_column, rename_column, change_column,  ///< change_column: MySQL's MODIFY and CHANGE
    set_type, set_not_null, drop_not_null, set_default, drop_default, add_identity,
    add_constraint, drop_constraint, drop_primary_key, drop_foreign_key, rename_constraint, validate_constraint,
    add_index, drop_index, rename_index,
    rename_table, set_schema, attach_partition, detach_partition, convert_charset, option, add_value, rename_value,
    other
  };
  Kind kind = Kind::other;
  std::string name;     ///< column, constraint, index, option (lower case) or enum value
  std::string to;       ///< new name, new type, the option's value (lower case)
  std::string expression;  ///< USING of a type change
  Column column;
  Constraint constraint;
  Index index;
  QualifiedName other;  ///< partition, new name of the table
  bool if_exists = false;
  bool cascade = false;
  bool concurrently = false;
  Range range;
};

enum class Verb {
  create_table, create_index, create_view, create_type, create_trigger, create_schema, create_other,
  alter_table, alter_type, alter_index, alter_other,
  drop_table, drop_index, drop_view, drop_type, drop_trigger, drop_schema, drop_database, drop_other,
  rename_table, insert, update, remove, truncate, select, copy,
  begin, commit, rollback, savepoint,
  pragma, set, vacuum, cluster, reindex, refresh, analyze, comment, lock, other
};

struct Statement {
  Verb verb = Verb::other;
  std::string word;   ///< the first word, upper case
  QualifiedName name;                 ///< what it works on: the table; of an index, its table (when that is written)
  std::vector<QualifiedName> names;   ///< of DROP and TRUNCATE: all of them; RENAME TABLE: old, new, old, new
  std::string object;                 ///< the index, trigger, pragma
  bool if_exists = false;             ///< IF EXISTS, IF NOT EXISTS
  bool cascade = false;
  bool concurrently = false;
  bool temporary = false;
  bool full = false;                  ///< VACUUM FULL
  bool with_data = true;
  bool where = false;                 ///< UPDATE, DELETE
  bool limited = false;               ///< UPDATE, DELETE ... LIMIT
  bool reads = false;                 ///< INSERT ... SELECT, CREATE TABLE ... AS
  bool reads_all = false;             ///< INSERT ... SELECT * without a list of columns
  QualifiedName source;               ///< the first table that a SELECT in it reads
  std::string value;                  ///< of a pragma; of a materialized view: "materialized"
  std::string condition;              ///< behind WHERE
  std::vector<std::string> assigned;  ///< UPDATE: columns; INSERT: its list of columns
  std::string assignments;            ///< UPDATE: the text behind SET
  std::vector<Column> columns;
  std::vector<Constraint> constraints;  ///< of the table, those of columns included
  std::vector<Index> indexes;
  std::vector<Action> actions;
  std::map<std::string, std::string> options;  ///< engine, charset, collate, strict, without_rowid, algorithm, lock, inherits, partition_of, ...
  Index index;
  std::vector<std::string> values;      ///< of CREATE TYPE ... AS ENUM
  Range head;                           ///< of an ALTER: all in front of the first action
  Range on;                             ///< CREATE INDEX: the place behind INDEX [CONCURRENTLY]
};

/// How names and texts are read.
struct Rules {
  const LexicalRules* lexical = nullptr;
  bool fold_case = false;  ///< unquoted names are lower case
};

[[nodiscard]] Statement parse(std::string_view sql, const Rules& rules);

/// "varchar(20)" -> "varchar".
[[nodiscard]] std::string_view type_name(std::string_view type);
/// The numbers of "numeric(12,2)": 12 and 2; -1 where there is none.
[[nodiscard]] std::pair<int, int> type_numbers(std::string_view type);

}  // namespace migrate::parsed
