#include "dialect/driver.hpp"

#include <dlfcn.h>

#include <map>
#include <mutex>

#include "dialect/module.hpp"

namespace migrate {
namespace {

OpenConnection load(const std::string& driver) {
  const std::string name = "migrate-" + driver + ".so";
  const auto file = find_module(name);
  if (!file) throw Error{ErrorKind::usage, "cannot find the driver " + name, "install it beside the program or set MIGRATE_DRIVERS to its folder"};
  void* module = ::dlopen(file->c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file->string() + ": " + ::dlerror()};
  void* symbol = ::dlsym(module, "migrate_open_connection");
  if (symbol == nullptr) throw Error{ErrorKind::failed, "cannot load the driver " + file->string() + ": it is not a driver"};
  return reinterpret_cast<OpenConnection>(symbol);
}

}  // namespace

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
