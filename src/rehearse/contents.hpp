/// What a database holds, as checksums: to say what an upgrade and its downgrade have lost or changed.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "library/target.hpp"
#include "rows/checksum.hpp"

namespace migrate {

struct TableContents {
  Checksum rows;
  std::map<std::string, Checksum> columns;  ///< each by itself
  std::set<std::string> numbered;           ///< columns whose values the server gives out: another number each time
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

/// What is not as it was, table by table: rows and values. `numbers`: those that the server gives out too.
[[nodiscard]] std::vector<RowsChange> changes_of_rows(const Contents& before, const Contents& after, bool numbers = true);

}  // namespace migrate
