#include "dialect/driver.hpp"

#include <dlfcn.h>

#include <map>
#include <mutex>

#include "dialect/module.hpp"

namespace migrate {
namespace {

struct Module {
  OpenConnection open = nullptr;
  RowsConnection* (*open_rows)(const DatabaseUrl& url) = nullptr;
  const char* (*client_version)() = nullptr;
};

Module load(const std::string& driver) {
  const std::string name = "migrate-" + driver + ".so";
  const auto file = find_module(name);
  if (!file) throw Error{ErrorKind::usage, "cannot find the driver " + name, "install it beside the program or set MIGRATE_DRIVERS to its folder"};
  void* module = ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file->string() + ": " + ::dlerror()};
  void* symbol = ::dlsym(module, "migrate_open_connection");
  void* rows = ::dlsym(module, "migrate_open_rows_connection");
  void* version = ::dlsym(module, "migrate_client_version");
  if (symbol == nullptr || rows == nullptr || version == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file->string() + ": it is not a driver"};
  return {reinterpret_cast<OpenConnection>(symbol), reinterpret_cast<RowsConnection* (*)(const DatabaseUrl&)>(rows), reinterpret_cast<const char* (*)()>(version)};
}

/// The module of that name, loaded once.
Module module_named(const std::string& driver) {
  static std::mutex mutex;
  static std::map<std::string, Module> drivers;
  const std::scoped_lock lock(mutex);
  auto& known = drivers[driver];
  if (known.open == nullptr) known = load(driver);
  return known;
}

}  // namespace

std::string driver_version(const std::string& driver) { return module_named(driver).client_version(); }

void load_drivers() {
  for (const auto* driver : {"postgresql", "mysql"}) (void)load(driver);
}

std::unique_ptr<Connection> open_with_driver(const std::string& driver, const DatabaseUrl& url) {
  return std::unique_ptr<Connection>(module_named(driver).open(url));
}

std::unique_ptr<RowsConnection> open_rows_with_driver(const std::string& driver, const DatabaseUrl& url) {
  return std::unique_ptr<RowsConnection>(module_named(driver).open_rows(url));
}

}  // namespace migrate
