/// Drivers of client/server engines are modules (migrate-postgresql.so, ...) so that a command that does not connect to
/// such an engine does not load its client library.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dialect/connection.hpp"
#include "project/url.hpp"

namespace migrate {

/// The function that a driver module (driver.map says what it exports) has as `migrate_open_connection`; the caller owns what it returns.
using OpenConnection = Connection* (*)(const DatabaseUrl& url);

/// The libraries of a driver, for people: "libpq 15.16, libpqxx 6.4.5". Throws Error when it cannot be loaded.
[[nodiscard]] std::string driver_version(const std::string& driver);

/// The engines that there are, for people, and how each is spoken to: {"MySQL, MariaDB", "MySQL Connector/C++ 1.1.12"}; a driver that is not
/// installed is said to be so.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> engines_and_clients();

/// Loads every driver that is installed.
void load_drivers();

/// Loads the driver module of that name, once, and opens a connection with it. Throws Error (usage) when the module is
/// not installed, else what the driver throws.
[[nodiscard]] std::unique_ptr<Connection> open_with_driver(const std::string& driver, const DatabaseUrl& url);

/// The same for a session that rows go through in bulk: `migrate_open_rows_connection` of the module.
[[nodiscard]] std::unique_ptr<RowsConnection> open_rows_with_driver(const std::string& driver, const DatabaseUrl& url);

}  // namespace migrate
