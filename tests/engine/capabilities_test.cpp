// The table of capabilities in docs/architecture.md is what the servers in hand say.
#include <doctest/doctest.h>

#include <cstdlib>
#include <map>
#include <string>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/run.hpp"
#include "project/url.hpp"

namespace capabilities_test {

using namespace migrate;

namespace {

const std::map<std::string, bool Capabilities::*> all{{"transactional_ddl", &Capabilities::transactional_ddl},
                                                      {"session_lock", &Capabilities::session_lock},
                                                      {"single_writer", &Capabilities::single_writer},
                                                      {"schemas", &Capabilities::schemas},
                                                      {"enum_types", &Capabilities::enum_types},
                                                      {"alter_column_in_place", &Capabilities::alter_column_in_place},
                                                      {"column_order", &Capabilities::column_order},
                                                      {"views_pin_columns", &Capabilities::views_pin_columns},
                                                      {"overloads", &Capabilities::overloads},
                                                      {"deferrable_keys", &Capabilities::deferrable_keys},
                                                      {"triggers_per_table", &Capabilities::triggers_per_table},
                                                      {"expressions_follow_renames", &Capabilities::expressions_follow_renames},
                                                      {"savepoints", &Capabilities::savepoints},
                                                      {"view_usage", &Capabilities::view_usage},
                                                      {"pooled", &Capabilities::pooled}};

/// The table's cells by capability and engine.
std::map<std::string, std::map<std::string, std::string>> documented() {
  std::map<std::string, std::map<std::string, std::string>> table;
  std::vector<std::string> engines;
  for (const auto& line : split(read_file(std::filesystem::path(MIGRATE_SOURCE_DIR) / "docs/architecture.md"), '\n')) {
    if (!line.starts_with("| ")) {
      if (!line.starts_with("|-")) engines.clear();
      continue;
    }
    std::vector<std::string> cells;
    for (const auto& cell : split(line, '|')) cells.emplace_back(trim(cell));
    cells.erase(cells.begin());
    if (cells[0] == "capability") {
      engines.assign(cells.begin() + 1, cells.end());
    } else if (!engines.empty()) {
      for (std::size_t i = 0; i < engines.size() && i + 1 < cells.size(); ++i) table[replace_all(cells[0], "`", "")][engines[i]] = cells[i + 1];
    }
  }
  return table;
}

}  // namespace

TEST_CASE("every capability is in the table of docs/architecture.md, as the server says it") {
  const auto table = documented();
  REQUIRE(table.size() == all.size());
  for (const auto* variable : {"", "MIGRATE_TEST_POSTGRESQL", "MIGRATE_TEST_MYSQL", "MIGRATE_TEST_MARIADB"}) {
    const char* server = *variable == '\0' ? "sqlite://" : std::getenv(variable);
    if (server == nullptr) continue;
    const auto url = parse_url(server);
    const auto& dialect = dialect_named(url.dialect());
    const auto connection = dialect.run().connect(url);
    const auto found = dialect.catalog().probe(*connection);
    for (const auto& [name, member] : all) {
      INFO(name << " on " << found.product);
      const auto cells = table.find(name);
      REQUIRE(cells != table.end());
      const auto cell = cells->second.at(found.product);
      if (cell.starts_with("since")) CHECK(found.capabilities.*member == (found.version_number >= 80013));
      else CHECK(found.capabilities.*member == cell.starts_with("yes"));
    }
  }
}

}  // namespace capabilities_test
