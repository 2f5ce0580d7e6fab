// migrate bundle: one executable with the project's units inside
#include <dlfcn.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <set>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/driver.hpp"

namespace migrate::cli {
namespace {

namespace fs = std::filesystem;

/// What is appended to the launcher: for each file its mode, the size of its name, its size, name and content; then the
/// offset of the first one and a mark. src/launcher/launcher.c reads it.
class Archive {
 public:
  explicit Archive(std::string launcher) : bytes_(std::move(launcher)), start_(bytes_.size()) {}

  void add(const std::string& name, const std::string& content, bool executable = false) {
    if (!names_.emplace(name, true).second) return;
    number<std::uint32_t>(executable ? 0700 : 0600);
    number<std::uint32_t>(static_cast<std::uint32_t>(name.size()));
    number<std::uint64_t>(content.size());
    bytes_ += name + content;
  }

  std::string finish() {
    number<std::uint64_t>(start_);
    return std::move(bytes_) + "MIGRATE1";
  }

 private:
  template <class T>
  void number(T value) {
    std::array<char, sizeof value> text{};
    std::memcpy(text.data(), &value, sizeof value);
    bytes_.append(text.data(), text.size());
  }

  std::string bytes_;
  std::size_t start_;
  std::map<std::string, bool> names_;
};

/// A driver or another module of the program.
bool is_module(const fs::path& file) { return file.filename().string().starts_with("migrate-") && file.extension() == ".so"; }

/// The program itself. A loader that came along runs it, where it is in a bundle or an archive: /proc/self/exe is the loader then.
fs::path program_file() {
  const auto own = fs::read_symlink("/proc/self/exe");
  return own.filename() == "loader" ? program_folder() / "migrate" : own;
}

/// The launcher beside the program or installed.
std::string read_launcher() {
  const auto here = program_folder();
  for (const auto& file : {here / "migrate-launcher", here.parent_path() / "lib/migrate/migrate-launcher", fs::path(MIGRATE_DRIVER_FOLDER) / "migrate-launcher"}) {
    if (file_exists(file)) return read_file(file);
  }
  throw Error{ErrorKind::usage, "cannot find migrate-launcher, the front of a bundle", "install it with migrate"};
}

/// Every module of the program that is installed: what only a developer needs too.
void load_all_modules() {
  std::set<fs::path> folders;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        const fs::path file = info->dlpi_name != nullptr ? info->dlpi_name : "";
        if (is_module(file)) static_cast<std::set<fs::path>*>(data)->insert(file.parent_path());
        return 0;
      },
      &folders);
  for (const auto& folder : folders) {  // of the drivers, which are loaded
    for (const auto& name : list_files(folder)) {
      if (is_module(name) && ::dlopen((folder / name).c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
        throw Error{ErrorKind::failed, "cannot load " + (folder / name).string() + ": " + ::dlerror()};
      }
    }
  }
}

/// Every library that is loaded, the drivers' too, and what loads them.
void add_libraries(Archive& archive) {
  std::vector<std::string> files;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        if (info->dlpi_name != nullptr && info->dlpi_name[0] == '/') static_cast<std::vector<std::string>*>(data)->push_back(info->dlpi_name);
        return 0;
      },
      &files);
  for (const auto& file : files) {
    const auto name = fs::path(file).filename().string();
    if (is_module(name)) archive.add(name, read_file(file), true);
    else if (name == "loader" || name.starts_with("ld-") || name.starts_with("ld64")) archive.add("loader", read_file(file), true);
    else archive.add("lib/" + name, read_file(file), true);
  }
}

/// A file of the project under its own place in it.
void add_project_file(Archive& archive, const Config& config, const fs::path& file) {
  const auto place = file.lexically_normal().lexically_relative(config.folder);
  if (place.empty() || *place.begin() == "..") {
    throw Error{ErrorKind::usage, file.string() + " stands outside of " + config.folder.string() + ", and a bundle holds one project", "put migrate.yaml above the folders that it names"};
  }
  archive.add("project/" + place.string(), read_file(file));
}

void add_project(Archive& archive, Project& project) {
  const auto& config = project.config();
  if (config.file.empty()) throw Error{ErrorKind::usage, "a bundle needs a migrate.yaml", "`migrate init` writes one"};
  archive.add("project/migrate.yaml", read_file(config.file));
  for (const auto& folder : config.migrations) {
    if (!folder_exists(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.is_regular_file() && entry.path().filename().string().front() != '.') add_project_file(archive, config, entry.path());
    }
  }
  for (const auto& model : config.model) {
    if (file_exists(model)) add_project_file(archive, config, model);
  }
}

}  // namespace

int run_bundle(Context& context) {
  const auto file = context.arguments.get("output");
  if (file.empty()) throw Error{ErrorKind::usage, "a bundle needs a file to be written to", "migrate bundle -o FILE"};
  auto launcher = read_launcher();
  Archive archive(launcher);
  archive.add("migrate", read_file(program_file()), true);
  archive.add("migrate-launcher", std::move(launcher), true);
  load_drivers();
  if (context.arguments.has("no-project")) load_all_modules();
  add_libraries(archive);
  Ids ids;
  if (!context.arguments.has("no-project")) {
    auto& project = context.project();
    for (const auto& unit : project.units()) ids.push_back(unit.revision.id);
    add_project(archive, project);
    const auto compiled = project.compile(ids, [&](const UnitFile& unit) { context.output.progress("compiling " + unit.path.filename().string()); });
    for (const auto& unit : compiled) {
      archive.add("project/.migrate/" + unit.object.filename().string(), read_file(unit.object), true);
      archive.add("project/.migrate/" + unit.object.filename().string() + ".txt", read_file(unit.object.string() + ".txt"));
    }
  }
  const auto bytes = archive.finish();
  if (!context.output.file(file, bytes, true)) return 0;
  if (context.output.json()) context.output.line(nlohmann::ordered_json({{"file", file}, {"units", ids.size()}, {"bytes", bytes.size()}}).dump());
  else context.output.line(fmt::format("wrote {}: {}, {:.1f} MB", file, plural(ids.size(), "unit"), static_cast<double>(bytes.size()) / 1e6));
  return 0;
}

}  // namespace migrate::cli
