#include "dialect/driver.hpp"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <mutex>
#include <vector>

#include "core/filesystem.hpp"

namespace migrate {
namespace {

OpenConnection load(const std::string& driver) {
  const std::string name = "migrate-" + driver + ".so";
  std::vector<std::filesystem::path> folders;
  if (const char* chosen = std::getenv("MIGRATE_DRIVERS"); chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  const auto here = program_folder();
  folders.insert(folders.end(), {here, here.parent_path(), here.parent_path() / "lib/migrate", MIGRATE_DRIVER_FOLDER});
#ifdef MIGRATE_DRIVER_SUBFOLDER
  folders.push_back(here.parent_path() / MIGRATE_DRIVER_SUBFOLDER);
#endif
  folders.insert(folders.end(), driver_folders().begin(), driver_folders().end());
  for (const auto& folder : folders) {
    const auto file = folder / name;
    if (!std::filesystem::exists(file)) continue;
    void* module = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (module == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file.string() + ": " + ::dlerror()};
    void* symbol = ::dlsym(module, "migrate_open_connection");
    if (symbol == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file.string() + ": it is not a driver"};
    return reinterpret_cast<OpenConnection>(symbol);
  }
  throw Error{ErrorKind::usage, "cannot find the driver " + name, "install it beside the program or set MIGRATE_DRIVERS to its folder"};
}

}  // namespace

std::vector<std::filesystem::path>& driver_folders() {
  static std::vector<std::filesystem::path> folders;
  return folders;
}

void load_drivers() {
  for (const auto* driver : {"postgresql", "mysql"}) (void)load(driver);
}

std::unique_ptr<Connection> open_with_driver(const std::string& driver, const DatabaseUrl& url) {
  static std::mutex mutex;
  static std::map<std::string, OpenConnection> drivers;
  OpenConnection open = nullptr;
  {
    const std::scoped_lock lock(mutex);
    auto& known = drivers[driver];
    if (known == nullptr) known = load(driver);
    open = known;
  }
  return std::unique_ptr<Connection>(open(url));
}

}  // namespace migrate
