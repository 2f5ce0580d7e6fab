/// What is known of a virtual table from its definition: its module decides whether it holds rows of its own.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace migrate::sqlite {

struct VirtualTable {
  /// Where its rows are.
  enum class Rows {
    own,      ///< in the table itself (FTS, R-Tree)
    outer,    ///< in another table that it indexes (FTS with content=table): it can be filled again
    nowhere,  ///< an index of texts that nobody keeps (FTS with content='')
    unknown   ///< a module that this program does not know
  };

  std::string module;                ///< in lower case
  Rows rows = Rows::unknown;
  bool numbered = false;             ///< rows have a rowid that is no column
  std::vector<std::string> columns;  ///< that an INSERT names; only where the rows are its own
};

/// `definition` is the whole CREATE VIRTUAL TABLE.
[[nodiscard]] VirtualTable read_virtual_table(std::string_view definition);

/// The same table by another name.
[[nodiscard]] std::string virtual_table_sql(std::string_view definition, const std::string& name);

/// Rows of `from` that `to` can take: the columns of both, empty when there are none.
[[nodiscard]] std::vector<std::string> common_columns(const VirtualTable& from, const VirtualTable& to);

}  // namespace migrate::sqlite
