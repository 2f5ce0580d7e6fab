/// Where the program's own modules are: drivers, and the grammar that lint uses.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace migrate {

/// Folders where an embedding program says that drivers are; to be filled before the first connection.
[[nodiscard]] std::vector<std::filesystem::path>& driver_folders();

/// Where a module of that file name is: MIGRATE_DRIVERS, beside the program, where it was installed, the folders above.
[[nodiscard]] std::optional<std::filesystem::path> find_module(const std::string& name);

}  // namespace migrate
