/// What a person has said about rows: what values become (value maps), what existing rows get in a new column (fill rules), and what
/// is kept although the model leaves it out. Part of an answers file (docs/review.md).
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// What existing rows get in a column.
struct FillRule {
  enum class Kind {
    constant,    ///< `text`, the same in each row
    expression,  ///< `text` is SQL over the columns of the row
    column,      ///< the value of the column `text`
    key,         ///< `text` and the row's key behind it: another value in each row
    random,      ///< another value in each row that nobody can guess
    rows         ///< by hand: by the row's key, and `text` in those that are not named, where it is given
  };
  Kind kind = Kind::constant;
  std::string text;
  std::map<std::string, std::string> rows = {};
  Location location = {};

  bool operator==(const FillRule& other) const { return kind == other.kind && text == other.text && rows == other.rows; }
};
[[nodiscard]] std::string_view to_text(FillRule::Kind kind);

/// Old value -> new value; nothing: NULL.
using ValueMap = std::map<std::string, std::optional<std::string>>;

/// A question about rows, asked before anything is written.
struct DataQuestion {
  enum class Kind { fill, values };
  Kind kind = Kind::fill;
  std::size_t change = 0;  ///< PlannedChange::number
  std::string key;         ///< as answers call it: "orders.status"
  QualifiedName table;     ///< by its new name
  std::string column;
  std::string type;        ///< that the column gets
  bool unique = false;     ///< fill: no two rows may have the same
  std::vector<std::string> others;   ///< fill: columns whose values it could take
  std::vector<std::string> row_key;  ///< fill: the columns of the table's key
  std::vector<std::pair<std::string, long long>> old_values;  ///< values: what rows hold that goes, and how many; what the type had, when it lists its values
  std::vector<std::string> new_values;                         ///< values: what there is to choose from; empty: anything
  bool free_text = false;  ///< values: no type and no check lists the old values, so that they are what rows hold
  std::string suggestion;  ///< fill: SQL that stands there without an answer
  bool answered = false;
  bool asked = false;      ///< the unit has a REVIEW
};

struct DataAnswers {
  std::map<std::string, ValueMap> values;  ///< by "table.column", or by the name of an enum type
  std::map<std::string, FillRule> fills;   ///< by "table.column"
  std::vector<std::string> kept;           ///< "table" or "table.column"
  std::vector<std::string> aside;          ///< the same: renamed to a free name in place of being dropped

  std::map<std::string, std::string> by_type = {};  ///< columns whose map is that of their type, which an engine may not know (settle_values)

  /// Hears of every question, whether it is answered or not. Null: nobody does, and old values are not counted one by one.
  std::function<void(DataQuestion)> tell = {};
  /// Answers that something came of, by their keys; check_data_answers() refuses the others.
  mutable std::set<std::string> used = {};

  /// The value map of a column, by its own name or that of its type.
  [[nodiscard]] const ValueMap* map_of(const std::string& column, const std::string& type) const;
  [[nodiscard]] const FillRule* fill_of(const std::string& column) const;
};

/// Throws Error (usage) for the first answer that nothing came of.
void check_data_answers(const DataAnswers& answers, const Schema& declared);

/// The rule as SQL. `own`: the column's name where the statement may read it (an UPDATE), else "": then NULL stands for what no rule says.
/// Throws Error (usage) where the table's key is needed and is not one column.
[[nodiscard]] std::string fill_sql(const FillRule& rule, const Table& table, const Column& column, const std::string& own, const Dialect& dialect);

/// CASE over a column that makes new values of old ones and leaves the others as they are. Values are SQL.
[[nodiscard]] std::string case_sql(const std::string& column, const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace migrate
