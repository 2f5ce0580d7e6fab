#include "dialect/module.hpp"

#include <cstdlib>

#include "core/filesystem.hpp"

namespace migrate {

std::vector<std::filesystem::path>& driver_folders() {
  static std::vector<std::filesystem::path> folders;
  return folders;
}

std::optional<std::filesystem::path> find_module(const std::string& name) {
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("MIGRATE_DRIVERS"); chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  const auto here = program_folder();
  folders.insert(folders.end(), {here, here.parent_path(), here.parent_path() / "lib/migrate", MIGRATE_DRIVER_FOLDER});
#ifdef MIGRATE_DRIVER_SUBFOLDER
  folders.push_back(here.parent_path() / MIGRATE_DRIVER_SUBFOLDER);
#endif
  folders.insert(folders.end(), driver_folders().begin(), driver_folders().end());
  for (const auto& folder : folders) {
    std::error_code error;
    if (std::filesystem::exists(folder / name, error)) return folder / name;
  }
  return std::nullopt;
}

}  // namespace migrate
