/// The framework inside a program: bring the database up to date at the start, or refuse to start (docs/library.md).
///
///     #include <migrate/migrate.hpp>
///
///     int main() {
///       migrate::upgrade("postgresql://app@db/shop", "migrations");
///       ...
///     }
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "migrate/error.hpp"
#include "migrate/unit.hpp"

namespace migrate {

struct LibraryOptions {
  std::string revision = "head";           ///< what to bring the database to, as on the command line
  std::string environment = {};            ///< of migrate.yaml, where there is one
  std::string lock_timeout = {};           ///< "30s": how long to wait for another program that is at it; "": as migrate.yaml says, or 60s
  bool allow_newer = false;                ///< require: a database that is ahead will do
  std::function<void(const std::string& line)> log = {};  ///< gets a line for each revision, and notices
};

/// Applies what is pending, with the locks and promises of `migrate upgrade`: of any number of programs that start together
/// one does it and the others wait. `directory`: a project (with migrate.yaml) or a migrations folder. Returns the revisions
/// that this call applied. Throws Error.
std::vector<std::string> upgrade(const std::string& url, const std::string& directory, const LibraryOptions& options = {});

/// The same with the units that migrate_embed put into the program.
std::vector<std::string> upgrade(const std::string& url, const LibraryOptions& options = {});

/// Reverts down to a revision: "-1", "7", "base". Returns the revisions that were reverted.
std::vector<std::string> downgrade(const std::string& url, const std::string& directory, const std::string& revision, const LibraryOptions& options = {});
std::vector<std::string> downgrade(const std::string& url, const std::string& revision, const LibraryOptions& options);

/// The revisions that are applied, in the order in which they were.
[[nodiscard]] std::vector<std::string> applied(const std::string& url, const LibraryOptions& options = {});

/// Throws Error (difference) when the database is too old, so that `revision` is not applied, or too new: something is applied
/// that comes behind it, or that this program does not know. `revision` is an id, the beginning of one, a number ("8" is 0008-...), or
/// "head" where the units are in the program; Error (usage) for what names no one revision.
void require(const std::string& url, const std::string& revision, const LibraryOptions& options = {});

// ---- what migrate_embed writes -----------------------------------------------------------------------------------------

/// A file in the program. `unit`: the functions of a C++ unit, or null.
struct EmbeddedFile {
  const char* path;
  const char* begin;
  const char* end;
  const UnitEntry* unit;
};

/// Makes the files known; a program has one such set.
bool embed(const EmbeddedFile* files, std::size_t count);

/// Where the drivers of servers are looked for, besides the usual places.
bool add_driver_folder(const char* folder);

#ifdef MIGRATE_PACKAGE_DRIVER_FOLDER
inline const bool package_driver_folder = add_driver_folder(MIGRATE_PACKAGE_DRIVER_FOLDER);
#endif

}  // namespace migrate
