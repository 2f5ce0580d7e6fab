/// A table on one side: the session that its rows come from or go to, and its columns.
#pragma once

#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/rows.hpp"
#include "dialect/sql.hpp"

namespace migrate {

struct TableSide {
  const Dialect* dialect = nullptr;
  RowsConnection* connection = nullptr;
  QualifiedName name;
  std::vector<RowsColumn> columns;  ///< the same on both sides, in the same order
  std::vector<RowsColumn> key;      ///< columns that tell its rows apart; empty where it has none
  bool hidden_key = false;          ///< the key is no column of the table
  RowNumbers numbers = RowNumbers::common;  ///< by which its rows are compared with the other side's
  bool children = false;            ///< rows of tables that inherit from it are read too (a partitioned table)

  [[nodiscard]] const RowsFace& rows() const { return dialect->rows(); }
  /// The table as it stands behind FROM.
  [[nodiscard]] std::string from() const;
  [[nodiscard]] std::string quoted(const std::string& column) const { return dialect->sql().quote_name(column); }
};

/// "SELECT expressions FROM table [WHERE condition] [ORDER BY columns]".
[[nodiscard]] std::string select_sql(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& condition, const std::vector<RowsColumn>& order = {});

/// Values of a key in canonical text.
using KeyValues = std::vector<Value>;

/// A value as it is kept, and back. Where values go through as they are stored, what they are stored as is kept with them.
[[nodiscard]] Value stored(const RowsColumn& column, const Field& field);
[[nodiscard]] Field restored(const RowsColumn& column, const Value& value);

/// Conditions over the key: at or behind a place, and before one. The key's own order decides, which is the engine's.
[[nodiscard]] std::string at_or_behind(const TableSide& side, const KeyValues& place);
[[nodiscard]] std::string before(const TableSide& side, const KeyValues& place);
[[nodiscard]] std::string equal_to(const TableSide& side, const std::vector<RowsColumn>& columns, const KeyValues& values);

/// Reads rows and brings each value to canonical text. `refused` is called for a value that is none of its type, and the row is left
/// out then.
struct ReadRefusal {
  std::size_t column;
  Field value;       ///< as it stands there
  std::string why;
};
void read_canonical(const TableSide& side, const std::vector<RowsColumn>& columns, const std::string& sql,
                    const std::function<void(Fields)>& take, const std::function<void(Fields, const ReadRefusal&)>& refused);

/// Key values for people: "id 17", "(a, b) = ('x', 3)".
[[nodiscard]] std::string shown_key(const std::vector<RowsColumn>& key, const KeyValues& values);

}  // namespace migrate
