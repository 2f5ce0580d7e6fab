#include "dialect/dialect.hpp"
#include "dialect/mysql/dialect.hpp"
#include "dialect/postgresql/dialect.hpp"
#include "dialect/sqlite/dialect.hpp"

namespace migrate {

const Dialect& dialect_named(std::string_view name) {
  if (name == "mysql") return mysql::dialect();
  if (name == "postgresql") return postgresql::dialect();
  if (name == "sqlite") return sqlite::dialect();
  throw Error{ErrorKind::usage, "there is no dialect '" + std::string(name) + "'", "known: sqlite, postgresql, mysql"};
}

}  // namespace migrate
