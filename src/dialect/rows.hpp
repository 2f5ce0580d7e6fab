/// The face `rows`: rows in bulk, out of a database and into one, and their checksums in the server.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "dialect/value.hpp"
#include "migrate/schema.hpp"
#include "project/url.hpp"

namespace migrate {

/// Where a column stands, as far as its type depends on it.
struct TypeUse {
  bool in_key = false;            ///< of a primary key, a unique key, an index or a foreign key
  long long key_characters = 191; ///< how many characters a text in that key may have, where keys are limited
  bool crowded = false;           ///< the row is too large for the engine: what can stand outside of it should
};

/// What an engine makes of a type of another.
struct OwnType {
  std::string type;       ///< as a model says it
  std::string collation = {};
  std::string loss = {};  ///< what is lost; "" nothing
};

/// A column of a table that rows are read from or written to.
struct RowsColumn {
  std::string name;
  ValueType own;        ///< what the column here is
  ValueType logical;    ///< what its values are: the type at the source
  bool changed = false; ///< values are changed on their way (masked), so that both sides cannot be compared
  bool native = false;  ///< both sides are this engine, which keeps more than the type says (SQLite): values go through as they are
};

/// How the number of a row is worked out.
enum class RowNumbers {
  common,  ///< hash_of() of the digests of its values with '|' between them, as all engines work it out
  own      ///< whatever the engine works out fastest from the values as they are stored, for databases of the same engine and columns of the same types
};

/// Which columns of an engine can number themselves.
enum class SelfNumbering { any_column, first_of_key, whole_key };

/// What a table has while its rows arrive; the rest is made behind them.
struct LoadForm {
  bool primary_key = false;
  bool constraints = false;  ///< unique keys, foreign keys, checks
  bool in_order = false;     ///< rows that come in the order of the key are written faster
};

class RowsFace {
 public:
  virtual ~RowsFace() = default;

  /// A session for rows. Throws as RunFace::connect.
  [[nodiscard]] virtual std::unique_ptr<RowsConnection> open(const DatabaseUrl& url) const = 0;

  /// What tells this database from any other, whatever name it is reached by.
  [[nodiscard]] virtual std::string place(Connection& connection) const = 0;

  // ---- types ----
  /// What a column of an inspected schema holds.
  [[nodiscard]] virtual ValueType value_type(const Table& table, const Column& column, const Schema& schema, const ServerInfo& server) const = 0;
  /// The type in which this engine keeps such values, which come from another engine.
  [[nodiscard]] virtual OwnType own_type(const ValueType& type, const TypeUse& use, const ServerInfo& server) const = 0;
  /// Options of tables that come from another engine, so that they hold any text whatever the database's defaults are.
  [[nodiscard]] virtual Options table_options(const ServerInfo& server) const {
    static_cast<void>(server);
    return {};
  }
  [[nodiscard]] virtual ValueLimits limits(const ServerInfo& server) const = 0;
  /// Whether a key can take 'a' and 'A' for the same.
  [[nodiscard]] virtual bool keys_can_ignore_case() const { return true; }
  /// A default that makes a random UUID; "" where there is none.
  [[nodiscard]] virtual std::string random_uuid() const { return ""; }
  /// Values go through as they are stored, whatever the column's type says of them, between two databases of this engine.
  [[nodiscard]] virtual bool keeps_more_than_types() const { return false; }
  [[nodiscard]] virtual LoadForm load_form() const = 0;

  // ---- sessions ----
  /// Begins transactions that change nothing and see one moment, the same in all of these sessions where engine and role can; they live as long as the
  /// sessions. Returns how many of the sessions do, from the first on: one at least. `limit` becomes why there are fewer, for people, where the role is to blame.
  [[nodiscard]] virtual std::size_t begin_snapshots(std::span<RowsConnection* const> sessions, std::string& limit) const = 0;
  /// Sets the session up for values as they are written on their way, for reading.
  virtual void set_up_reading(RowsConnection& connection) const = 0;
  /// The same for writing: no trigger fires and no foreign key is looked at. Returns what could not be switched off, for people; "".
  [[nodiscard]] virtual std::string set_up_writing(RowsConnection& connection) const = 0;
  /// Whether it keeps triggers from firing; else they have to be dropped while rows change.
  [[nodiscard]] virtual bool silences_triggers() const { return false; }
  /// SQL, in the transaction that writes, that has foreign keys looked at when it ends, where they could not be switched off; "" where that cannot be.
  [[nodiscard]] virtual std::string defer_keys_sql() const { return ""; }

  // ---- SQL ----
  /// A table behind FROM; rows of its children belong to it only when they are asked for.
  [[nodiscard]] virtual std::string from_sql(const QualifiedName& table, bool children) const = 0;
  /// A condition that a column is the value of the literal, byte for byte, whatever its collation says.
  [[nodiscard]] virtual std::string equal_sql(const RowsColumn& column, const std::string& literal) const = 0;
  /// The expression that reads a column; received() takes its value.
  [[nodiscard]] virtual std::string read_expression(const RowsColumn& column) const = 0;
  [[nodiscard]] virtual Field received(const RowsColumn& column, const Field& field, std::string& buffer) const {
    static_cast<void>(column), static_cast<void>(buffer);
    return field;
  }
  /// The number of a row as SQL, which the server works out: 60 bits, never NULL.
  [[nodiscard]] virtual std::string row_number(const std::vector<RowsColumn>& columns, RowNumbers numbers) const = 0;
  /// A query that says which own numbers a database gives: those of two databases with the same answer can be compared.
  [[nodiscard]] virtual std::string own_numbers_sql() const = 0;
  /// A whole number divided by another, without its fraction; NULL where the column holds something else.
  [[nodiscard]] virtual std::string quotient(const std::string& column, long long divisor) const = 0;
  /// What stands for a value in its row's text (value.hpp: digest), worked out here.
  [[nodiscard]] virtual std::string digest_of(const RowsColumn& column, const Field& value) const { return digest(column.logical, value); }
  /// The sum of such numbers over rows, as two texts: a * 2^30 + b.
  [[nodiscard]] virtual std::pair<std::string, std::string> sum_expressions(const std::string& number) const { return {"0", "sum(" + number + ")"}; }
  /// A canonical value as a literal that is compared with the column.
  [[nodiscard]] virtual std::string literal(const RowsColumn& column, const Field& value) const = 0;
  /// The columns by which a table's rows can be told apart and put in order; empty where it has none. `hidden` is set where it is no
  /// column of the table (SQLite's rowid).
  [[nodiscard]] virtual std::vector<std::string> order_key(const Table& table, bool& hidden) const;

  // ---- writing ----
  /// Writes rows in canonical text, in the transaction that is open. Throws DatabaseError: then none of them is written, as long as
  /// the caller goes back to a savepoint.
  virtual void write(RowsConnection& connection, const QualifiedName& table, const std::vector<RowsColumn>& columns, const RowBatch& rows) const = 0;
  /// Bytes of a batch that are written at once.
  [[nodiscard]] virtual std::size_t batch_bytes() const { return 1 << 20; }
  /// COPY data of one database goes into the other as it is: the statements for that; empty where there is no such way.
  [[nodiscard]] virtual std::pair<std::string, std::string> pass_through(const QualifiedName& table, const std::vector<RowsColumn>& columns, const std::string& condition) const {
    static_cast<void>(table), static_cast<void>(columns), static_cast<void>(condition);
    return {};
  }
  /// The partitions of partitioned tables, which inspection leaves out unless they are named.
  [[nodiscard]] virtual std::vector<QualifiedName> partitions(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }
  /// Whether a table's rows come and go with their transaction.
  [[nodiscard]] virtual bool transactional(const Table& table) const {
    static_cast<void>(table);
    return true;
  }
  /// SQL that deletes so many of the rows that meet a condition.
  [[nodiscard]] virtual std::string delete_some_sql(const QualifiedName& table, const std::string& condition, long long most) const = 0;
  /// SQL that empties a table.
  [[nodiscard]] virtual std::string empty_sql(const QualifiedName& table) const = 0;

  /// Rows whose foreign keys refer to nothing, for people, where the engine has not looked at them already.
  [[nodiscard]] virtual std::vector<std::string> broken_keys(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  // ---- numbers ----
  [[nodiscard]] virtual SelfNumbering self_numbering() const = 0;
  /// Whether a column numbers itself although its definition does not say so (SQLite's INTEGER PRIMARY KEY).
  [[nodiscard]] virtual bool numbers_itself(const Table& table, const Column& column) const {
    static_cast<void>(table);
    return column.identity.has_value();
  }
  /// The next value of a column that numbers itself; nothing when it numbers from the largest value anyway.
  [[nodiscard]] virtual std::optional<std::string> next_number(Connection& connection, const Table& table, const Column& column) const = 0;
  [[nodiscard]] virtual std::string set_next_number_sql(const Table& table, const Column& column, const std::string& next) const = 0;
  /// SQL that sets a sequence of its own as it is here; "" where there are none.
  [[nodiscard]] virtual std::string sequence_state_sql(Connection& connection, const Sequence& sequence) const {
    static_cast<void>(connection), static_cast<void>(sequence);
    return "";
  }
};

/// A column of the first key over columns that are never NULL: the primary key, or a unique one.
[[nodiscard]] std::vector<std::string> key_columns(const Table& table);

}  // namespace migrate
