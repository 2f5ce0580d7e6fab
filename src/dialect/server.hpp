/// What a server said of itself. Everything about a schema that depends on the server depends on this value.
#pragma once

#include <string>
#include <vector>

#include "migrate/capabilities.hpp"
#include "migrate/schema.hpp"

namespace migrate {

struct ServerInfo {
  std::string product;                ///< "PostgreSQL", "MariaDB", "MySQL", "SQLite"
  std::string version;                ///< as the server prints it
  int version_number = 0;             ///< 150018 for PostgreSQL 15.18, 101106 for MariaDB 10.11.6, 34001 for SQLite 3.40.1
  std::vector<std::string> sections;  ///< the model sections that hold here, weakest first: {"mysql", "mariadb"}
  std::string user;                   ///< who we are there, for applied_by
  std::string default_schema;         ///< the schema that an unqualified name means ("public"); "" where there are none
  Capabilities capabilities;
  std::string takes_no_writes;        ///< why, for people ("it is a standby that follows another server"); "" when it takes them
  Options defaults;                   ///< engine defaults that canonical forms depend on: database charset, collation, sql_mode
};

}  // namespace migrate
