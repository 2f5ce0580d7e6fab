/// What a statement takes away, read from its text.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"

namespace migrate {

struct Loss {
  enum class Kind {
    table,     ///< DROP TABLE
    columns,   ///< ALTER TABLE that drops columns or changes their types
    rows,      ///< DELETE
    values,    ///< UPDATE
    all_rows,  ///< TRUNCATE
    type,      ///< DROP TYPE, which what is kept may stand on
    unknown    ///< cannot be kept: `why`
  };
  Kind kind = Kind::unknown;
  std::vector<QualifiedName> tables;
  std::vector<std::string> dropped;  ///< columns
  std::vector<std::pair<std::string, std::string>> changed;  ///< columns and their new types, lower case
  std::vector<std::string> assigned; ///< columns of an UPDATE
  bool cascade = false;
  std::string with;   ///< "WITH ..." in front, or ""
  std::string alias;  ///< by which the table is called in what follows; "" as it is
  std::string from;   ///< what stands beside the table: "JOIN ...", a USING or FROM list; "" nothing
  bool joined = false;  ///< `from` is the whole list, the table in it
  std::string where;  ///< the condition; "" all rows
  std::string tail;   ///< "ORDER BY ... LIMIT ..."
  /// DROP TABLE in the course of making a table anew: the table that takes its place, and its columns that get the old one's value as it is.
  QualifiedName replacement;
  std::vector<std::pair<std::string, std::string>> carried;  ///< old name, new name
  bool filtered = false;  ///< not all rows went along
  std::string why;
};

/// For each of the statements what it takes away, as far as its text tells.
[[nodiscard]] std::vector<std::optional<Loss>> losses_of(const Dialect& dialect, const std::vector<Statement>& statements);

/// Whether every value of type `from` is one of type `to`, as far as that is known; both lower case.
[[nodiscard]] bool fits(const std::string& from, const std::string& to);

}  // namespace migrate
