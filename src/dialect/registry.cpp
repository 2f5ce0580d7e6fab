#include "dialect/registry.hpp"

#include <string>

#include "dialect/dialect.hpp"
#include "dialect/driver.hpp"
#include "dialect/run.hpp"
#include "migrate/error.hpp"

namespace migrate {

const Dialect& dialect_named(std::string_view name) {
  if (name == "mysql") return mysql::dialect();
  if (name == "postgresql") return postgresql::dialect();
  if (name == "sqlite") return sqlite::dialect();
  throw Error{ErrorKind::usage, "there is no dialect '" + std::string(name) + "'", "known: sqlite, postgresql, mysql"};
}

std::vector<std::pair<std::string, std::string>> engines_and_clients() {
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [engines, dialect] : {std::pair{"SQLite", &sqlite::dialect()}, {"PostgreSQL", &postgresql::dialect()}, {"MySQL, MariaDB", &mysql::dialect()}}) {
    try {
      out.emplace_back(engines, dialect->run().client_version());
    } catch (const Error&) {
      out.emplace_back(engines, "the driver is not installed");
    }
  }
  return out;
}

}  // namespace migrate
