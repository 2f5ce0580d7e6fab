#include "dialect/registry.hpp"

#include <string>

#include "dialect/dialect.hpp"
#include "migrate/error.hpp"

namespace migrate {

const Dialect& dialect_named(std::string_view name) {
  if (name == "mysql") return mysql::dialect();
  if (name == "postgresql") return postgresql::dialect();
  if (name == "sqlite") return sqlite::dialect();
  throw Error{ErrorKind::usage, "there is no dialect '" + std::string(name) + "'", "known: sqlite, postgresql, mysql"};
}

}  // namespace migrate
