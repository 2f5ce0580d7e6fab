/// What a database holds, as checksums: to say what an upgrade and its downgrade have lost or changed.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "library/target.hpp"
#include "rows/checksum.hpp"

namespace migrate {

struct TableContents {
  Checksum rows;
  std::map<std::string, Checksum> columns;  ///< each by itself
};

struct Contents {
  Schema schema;  ///< without the framework's own tables
  std::map<std::string, TableContents> tables;
};

[[nodiscard]] Contents read_contents(Target& target);

struct RowsChange {
  std::string table;
  std::string text;
};

/// What is not as it was, table by table: rows and values.
[[nodiscard]] std::vector<RowsChange> changes_of_rows(const Contents& before, const Contents& after);

}  // namespace migrate
