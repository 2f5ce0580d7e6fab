#include "core/text.hpp"
#include "dialect/dialect.hpp"
#if __has_include("dialect/mysql/dialect.hpp")
#include "dialect/mysql/dialect.hpp"
#define HAS_MYSQL
#endif
#if __has_include("dialect/postgresql/dialect.hpp")
#include "dialect/postgresql/dialect.hpp"
#define HAS_PG
#endif
#include "dialect/sqlite/dialect.hpp"

namespace migrate {

const Dialect& dialect_named(std::string_view name) {
#ifdef HAS_MYSQL
  if (name == "mysql") return mysql::dialect();
#endif
#ifdef HAS_PG
  if (name == "postgresql") return postgresql::dialect();
#endif
  if (name == "sqlite") return sqlite::dialect();
  throw Error{ErrorKind::usage, "there is no dialect '" + std::string(name) + "'", "known: sqlite, postgresql, mysql"};
}

}  // namespace migrate
