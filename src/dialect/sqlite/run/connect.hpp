/// Opens SQLite databases. The engine is linked in: there is no driver module.
#pragma once

#include <memory>
#include <string>

#include "dialect/connection.hpp"
#include "project/url.hpp"

namespace migrate::sqlite {

/// Opens the database file of the URL, or a database in memory when it names none. The file is made when it is missing and
/// its folder exists. Parameters: mode (ro, rw, rwc), busy_timeout (milliseconds, 5000), foreign_keys (on, off; SQLite's own
/// default when not given). Throws DatabaseError (connection) or Error (usage).
[[nodiscard]] std::unique_ptr<RowsConnection> connect(const DatabaseUrl& url);

/// A file that is not there is an empty database, until something is written: the URL becomes one in memory.
void only_look(DatabaseUrl& url);

/// The version of the SQLite that is linked in, as text ("3.40.1") and as a number (3040001).
[[nodiscard]] std::string library_version();
[[nodiscard]] int library_version_number();

}  // namespace migrate::sqlite
