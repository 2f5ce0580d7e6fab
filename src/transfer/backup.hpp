/// Backups of a whole database, and databases made what a backup says (docs/backup.md).
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "library/target.hpp"

namespace migrate {

struct Backup {
  std::filesystem::path file;
  long long bytes = 0;
  std::string sha256;  ///< stands in a file beside it too, as sha256sum writes and checks it
};

using Tell = std::function<void(const std::string&)>;

/// A name for a new backup of the target in a folder: its database and the time.
[[nodiscard]] std::filesystem::path new_backup_name(Target& target, const std::filesystem::path& folder);

/// Writes a backup of the target to a file that is not there yet, readable for us alone. It is there when it is whole, with its checksum.
/// Throws Error; nothing is left behind then.
[[nodiscard]] Backup make_backup(Target& target, const std::filesystem::path& file, const Tell& tell);

/// Throws Error (usage) for a file that is not as it was written, that has no checksum, or that is no backup of such a database; and
/// when a program is missing.
void check_backup(Target& target, const std::filesystem::path& file);

/// Makes the target what a backup says that check_backup() let through. The lock of a run is the caller's.
void restore_backup(Target& target, const std::filesystem::path& file, const Tell& tell);

/// Removes the oldest backups of the target in the folder, with their checksums, but for so many. Returns what was removed.
std::vector<std::filesystem::path> remove_old_backups(Target& target, const std::filesystem::path& folder, int keep);

}  // namespace migrate
