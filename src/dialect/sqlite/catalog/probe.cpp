#include "dialect/sqlite/catalog/probe.hpp"

#include <pwd.h>
#include <unistd.h>

#include "dialect/sqlite/run/connect.hpp"
#include "migrate/error.hpp"

namespace migrate::sqlite {
namespace {

/// SQLite knows no users: the one who runs the process.
std::string system_user() {
  const passwd* entry = ::getpwuid(::geteuid());
  return entry == nullptr ? std::to_string(::geteuid()) : entry->pw_name;
}

/// 3.40.1 is 34001, as in the other engines' numbers; the library says 3040001.
int short_version(int number) { return number / 1000000 * 10000 + number / 1000 % 1000 * 100 + number % 1000; }

}  // namespace

ServerInfo linked_library() {
  ServerInfo server{.product = "SQLite", .version = library_version(), .version_number = short_version(library_version_number()),
                    .sections = {"sqlite"}, .user = system_user()};
  server.capabilities.transactional_ddl = true;
  server.capabilities.single_writer = true;
  server.capabilities.column_order = true;
  server.capabilities.deferrable_keys = true;
  if (library_version_number() < 3035000) {
    throw Error{ErrorKind::failed, "SQLite " + server.version + " is too old", "migrate needs SQLite 3.35 or later"};
  }
  return server;
}

}  // namespace migrate::sqlite
