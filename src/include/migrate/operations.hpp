/// The Operations API: what a C++ unit does to a database (docs/cpp-units.md). The same unit runs on every engine: types,
/// defaults and keys are the portable ones of the model, and an engine that cannot change something in place has the
/// table rebuilt. Every operation that fails throws Error with the file and line of the call in the unit.
///
///     void upgrade(migrate::Operations& op) {
///       op.create_table("users", [](migrate::TableDefinition& t) {
///         t.column("id", "bigint").identity().primary_key();
///         t.column("mail", "varchar(255)").not_null().unique();
///       });
///       op.execute("INSERT INTO users (mail) VALUES (?)", {"ann@example.org"});
///     }
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "migrate/capabilities.hpp"
#include "migrate/definitions.hpp"
#include "migrate/schema.hpp"
#include "migrate/values.hpp"

namespace migrate {

class OperationsContext;

/// An update or a delete in batches: many short transactions in place of one long one.
struct Batches {
  SqlText set = {};       ///< "mail = lower(mail)"; not for a delete
  SqlText where = {};     ///< the rows that it is about; "": all
  Names key = {};         ///< the columns to go along; empty: the primary key
  int size = 1000;        ///< rows of the key that are looked at in one batch
  int pause_ms = 0;       ///< between batches, so that replicas and other writers keep up
};

/// One of the columns that a column is split into: its definition, and what it gets from the old one.
struct SplitColumn {
  ColumnDefinition column;
  SqlText expression;
};

/// A table whose columns go into another table, a row for each row (see Operations::split_table).
struct SplitTable {
  TableName table;
  TableName into;
  Names columns;          ///< move to the new table
  std::string on_delete = "cascade";  ///< of the new table's key to the old one
};

/// How a table's key becomes another type (see Operations::change_key_to_uuid).
struct KeyChange {
  std::string column = {};  ///< empty: the primary key's only column
  std::string kept = {};    ///< the table that keeps which number became which UUID; empty: TABLE_key_map
  Identity::Kind identity = Identity::Kind::by_default;  ///< on the way back: how the numbers go on
};

/// Where a unit calls an operation: what std::source_location is, which Clang 14 does not have.
class CallPlace {
 public:
  static constexpr CallPlace current(const char* file = __builtin_FILE(), int line = __builtin_LINE()) { return {file, line}; }
  [[nodiscard]] constexpr const char* file_name() const { return file_; }
  [[nodiscard]] constexpr int line() const { return line_; }

 private:
  constexpr CallPlace(const char* file, int line) : file_(file), line_(line) {}
  const char* file_;
  int line_;
};

class Operations {
 public:
  using Place = CallPlace;

  explicit Operations(OperationsContext& context) : context_(context) {}
  Operations(const Operations&) = delete;
  Operations& operator=(const Operations&) = delete;

  // ---- tables ------------------------------------------------------------------------------------------------------
  template <class Define>
  void create_table(const TableName& name, Define&& define, Place place = Place::current()) {
    TableDefinition table(name);
    define(table);
    create_table(table, place);
  }
  void create_table(const TableDefinition& table, Place place = Place::current());
  void drop_table(const TableName& name, Place place = Place::current());
  void rename_table(const TableName& from, std::string to, Place place = Place::current());
  void set_table_options(const TableName& name, Options options, Place place = Place::current());
  void comment_on_table(const TableName& name, std::string text, Place place = Place::current());

  // ---- columns -----------------------------------------------------------------------------------------------------
  void add_column(const TableName& table, const ColumnDefinition& column, Place place = Place::current());
  void alter_column(const TableName& table, const std::string& column, const ColumnChange& change, Place place = Place::current());
  /// Takes the indexes, keys and checks of the table that use the column with it.
  void drop_column(const TableName& table, const std::string& column, Place place = Place::current());
  void rename_column(const TableName& table, const std::string& from, const std::string& to, Place place = Place::current());
  void comment_on_column(const TableName& table, const std::string& column, std::string text, Place place = Place::current());

  // ---- keys and checks; a name that is left empty is made by the project's naming rules ------------------------------
  void add_primary_key(const TableName& table, Names columns, std::string name = {}, Place place = Place::current());
  void drop_primary_key(const TableName& table, Place place = Place::current());
  void add_unique(const TableName& table, Names columns, std::string name = {}, Place place = Place::current());
  void add_foreign_key(const TableName& table, const ForeignKeyDefinition& key, Place place = Place::current());
  void add_check(const TableName& table, SqlText expression, std::string name = {}, Place place = Place::current());
  void add_exclusion(const TableName& table, std::string name, std::string definition, Place place = Place::current());
  void drop_unique(const TableName& table, const std::string& name, Place place = Place::current());
  void drop_foreign_key(const TableName& table, const std::string& name, Place place = Place::current());
  void drop_check(const TableName& table, const std::string& name, Place place = Place::current());
  void drop_exclusion(const TableName& table, const std::string& name, Place place = Place::current());
  /// Whatever of the four has that name.
  void drop_constraint(const TableName& table, const std::string& name, Place place = Place::current());
  void rename_constraint(const TableName& table, const std::string& from, const std::string& to, Place place = Place::current());

  // ---- indexes -----------------------------------------------------------------------------------------------------
  void create_index(const TableName& table, const IndexDefinition& index, Place place = Place::current());
  void create_index(const TableName& table, Names parts, std::string name = {}, Place place = Place::current());
  void drop_index(const TableName& table, const std::string& name, Place place = Place::current());
  void rename_index(const TableName& table, const std::string& from, const std::string& to, Place place = Place::current());

  // ---- enum types: nothing where the engine has none; columns carry their values there -------------------------------
  void create_enum(const TableName& name, Names values, Place place = Place::current());
  void drop_enum(const TableName& name, Place place = Place::current());
  void rename_enum(const TableName& from, std::string to, Place place = Place::current());
  /// The values from now on. `renamed`: new value to the one it was called before.
  void alter_enum(const TableName& name, Names values, std::map<std::string, std::string> renamed = {}, Place place = Place::current());

  // ---- views, routines, triggers: their SQL is the engine's ----------------------------------------------------------
  void create_view(const TableName& name, SqlText query, Place place = Place::current());
  void replace_view(const TableName& name, SqlText query, Place place = Place::current());
  void create_materialized_view(const TableName& name, SqlText query, Place place = Place::current());
  void drop_view(const TableName& name, Place place = Place::current());
  /// `definition` is the whole CREATE FUNCTION or CREATE PROCEDURE statement.
  void create_routine(SqlText definition, Place place = Place::current());
  /// `arguments` tells overloads apart, as the engine prints them ("integer, text").
  void drop_function(const TableName& name, const std::string& arguments = {}, Place place = Place::current());
  void drop_procedure(const TableName& name, const std::string& arguments = {}, Place place = Place::current());
  /// `definition` is the whole CREATE TRIGGER statement.
  void create_trigger(const TableName& table, std::string name, SqlText definition, Place place = Place::current());
  void drop_trigger(const TableName& table, const std::string& name, Place place = Place::current());

  // ---- rows and other SQL --------------------------------------------------------------------------------------------
  /// Runs SQL, one statement or several. Values stand for `?` (or $1, $2, ... when the text has those).
  void execute(const SqlText& sql, const Scalars& values = {}, Place place = Place::current());
  /// Rows of a query. Throws Error where no database answers (--sql, --dry-run).
  [[nodiscard]] Rows query(const SqlText& sql, const Scalars& values = {}, Place place = Place::current());
  /// The same as tuples: for (auto [id, name] : op.query<long long, std::string>("SELECT id, name FROM users")).
  template <class First, class... Rest>
  [[nodiscard]] std::vector<std::tuple<First, Rest...>> query(const SqlText& sql, const Scalars& values = {}, Place place = Place::current()) {
    const Rows rows = query(sql, values, place);
    std::vector<std::tuple<First, Rest...>> out;
    for (const auto& row : rows) out.push_back(row.template as<First, Rest...>());
    return out;
  }
  /// The only value of a query: auto count = op.value<long long>("SELECT count(*) FROM users").
  template <class T>
  [[nodiscard]] T value(const SqlText& sql, const Scalars& values = {}, Place place = Place::current()) {
    const Rows rows = query(sql, values, place);
    check_one_value(rows, place);
    return rows[0].template get<T>(std::size_t{0});
  }
  /// Inserts rows, many with one statement.
  void bulk_insert(const TableName& table, const Names& columns, const std::vector<Scalars>& rows, Place place = Place::current());
  /// Updates rows along the key, batch by batch, with a progress line. With `transaction: off` in the header, and on engines
  /// without transactional DDL, every batch commits, and a run that was killed goes on behind the last one.
  void update_in_batches(const TableName& table, const Batches& batches, Place place = Place::current());
  void delete_in_batches(const TableName& table, const Batches& batches, Place place = Place::current());

  // ---- work on definitions and rows together, reversible by each other -----------------------------------------------
  /// Turns a table's key into UUIDs, with every foreign key that points to it (of the table itself too, and of tables
  /// between two others) and their rows. The old numbers are kept in a table of their own for the way back.
  void change_key_to_uuid(const TableName& table, const KeyChange& change = {}, Place place = Place::current());
  /// The way back: rows that had a number get it again, newer ones get the numbers behind.
  void change_key_to_integer(const TableName& table, const KeyChange& change = {}, Place place = Place::current());

  /// Adds columns, fills them from a column, and drops that.
  void split_column(const TableName& table, const std::string& column, const std::vector<SplitColumn>& into, Place place = Place::current());
  /// At the first `separator`: "Ann Lee" into "Ann" and "Lee". Without a separator in it, all goes into the first.
  void split_column_at(const TableName& table, const std::string& column, const std::string& separator, const ColumnDefinition& first,
                       const ColumnDefinition& rest, Place place = Place::current());
  /// Adds a column, fills it from others, and drops those.
  void merge_columns(const TableName& table, const Names& columns, const ColumnDefinition& into, SqlText expression, Place place = Place::current());
  /// The values with the separator between them; NULL and empty ones are left out.
  void merge_columns_with(const TableName& table, const Names& columns, const std::string& separator, const ColumnDefinition& into,
                          Place place = Place::current());
  /// Moves columns to a new table, whose key is the old table's key and refers to it.
  void split_table(const SplitTable& split, Place place = Place::current());
  /// Moves the columns of a table with the same key (`split.into`) back into `split.table`, and drops it.
  void merge_tables(const SplitTable& split, Place place = Place::current());

  // ---- what is there ---------------------------------------------------------------------------------------------------
  [[nodiscard]] std::string_view dialect() const;    ///< "sqlite", "postgresql", "mysql"
  [[nodiscard]] std::string_view flavour() const;    ///< "mariadb" where that is meant by "mysql"
  [[nodiscard]] const Capabilities& capabilities() const;
  [[nodiscard]] int server_version() const;          ///< 150018 for PostgreSQL 15.18, 101106 for MariaDB 10.11.6
  /// False while a script or a plan is written: then nothing runs, and nothing can be asked.
  [[nodiscard]] bool online() const;
  /// The database as the operations so far leave it.
  [[nodiscard]] const Schema& schema(Place place = Place::current());
  [[nodiscard]] bool has_table(const TableName& name, Place place = Place::current());
  [[nodiscard]] bool has_column(const TableName& table, const std::string& column, Place place = Place::current());
  /// A line of text for who runs the unit.
  void note(const std::string& text);

 private:
  static void check_one_value(const Rows& rows, const Place& place);

  OperationsContext& context_;
};

}  // namespace migrate
