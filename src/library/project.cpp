#include "library/project.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "library/squash.hpp"
#include "unit/embedded.hpp"

namespace migrate {

DatabaseUrl Project::database(const std::string& name) const {
  if (!name.starts_with('@')) return parse_url(name);
  const auto environment = name.substr(1);
  if (config_.file.empty()) throw Error{ErrorKind::usage, "there is no migrate.yaml here or above, so no environment for " + name, "name the database by its URL"};
  auto config = load_config(config_.file, environment);
  config.database_folder = config_.database_folder;
  return database_url(config);
}

// ---- units ---------------------------------------------------------------------------------------------------------

const std::vector<UnitFile>& Project::units() {
  if (!units_) {
    std::vector<std::filesystem::path> folders;
    for (const auto& folder : config_.migrations) {
      if (folder_exists(folder)) folders.push_back(folder);
      else refuse_missing(folder);
    }
    units_ = load_units(folders);
    ++readings_;
  }
  return *units_;
}

const Graph& Project::graph() {
  if (!graph_) graph_.emplace(graph_revisions(units()));
  return *graph_;
}

const UnitFile* Project::unit(const std::string& id) {
  const auto& all = units();
  if (unit_index_.empty()) {
    for (std::size_t i = 0; i < all.size(); ++i) unit_index_.emplace(all[i].revision.id, i);
  }
  const auto it = unit_index_.find(id);
  return it == unit_index_.end() ? nullptr : &all[it->second];
}

void Project::refuse_missing(const std::filesystem::path& folder) const {
  const bool there = path_exists(folder);
  if (there || !makes_folder_) {
    const Location place{config_.file.empty() ? folder.string() : config_.file.string(), 0, 0};
    if (there) throw Error{ErrorKind::usage, "the migrations folder " + folder.string() + " is no folder", "correct `migrations:` in migrate.yaml", place};
    throw Error{ErrorKind::usage, (config_.file.empty() ? "there is no migrate.yaml here or above, and no folder " : "there is no migrations folder ") + folder.string(),
                config_.file.empty() ? "start a project with `migrate init`" : "correct `migrations:` in migrate.yaml, or make the folder (`migrate revision` makes it with its first unit)", place};
  }
}

void Project::refuse_no_units(const std::vector<VersionRow>& rows) {
  if (rows.empty() || !units().empty()) return;
  std::vector<std::string> folders;
  for (const auto& folder : config_.migrations) folders.push_back(folder.string());
  throw Error{ErrorKind::usage, fmt::format("there is no unit in {}, but the database has {}", join(folders, ", "), plural(rows.size(), "revision")),
              "correct `migrations:` in migrate.yaml, or restore the units", {config_.file.empty() ? folders.front() : config_.file.string(), 0, 0}};
}

void Project::reload_units() {
  units_.reset();
  unit_index_.clear();
  graph_.reset();
}

SqlUnit Project::parse(const UnitFile& unit) const { return parse_sql_unit(unit_text(unit), unit.path, {.folders = config_.migrations, .known_engines = engine_names()}); }

std::string Project::checksum_of(const UnitFile& unit) const {
  const auto text = unit_text(unit);
  if (unit.format == UnitFormat::cpp || text.find("migrate: include") == std::string::npos) return checksum(text);
  return parse(unit).checksum;
}

std::vector<SumEntry> Project::sum_entries() {
  std::vector<SumEntry> entries;
  for (const auto& revision : graph().revisions()) {
    const auto* file = unit(revision.id);
    if (file->path.parent_path() != new_unit_folder() && config_.migrations.size() > 1) {
      entries.push_back({revision.id, checksum_of(*file), std::filesystem::relative(file->path, new_unit_folder()).string()});
    } else {
      entries.push_back({revision.id, checksum_of(*file), file->path.filename().string()});
    }
  }
  return entries;
}

void Project::write_sum() {
  reload_units();
  write_file(sum_file(), migrate::write_sum(graph(), sum_entries()));
}

// ---- C++ units -----------------------------------------------------------------------------------------------------

CompileOptions Project::compile_options() const {
  CompileOptions options;
  const char* environment = std::getenv("CXX");
  options.compiler = !config_.cpp.compiler.empty() ? config_.cpp.compiler : environment != nullptr && *environment != '\0' ? environment : "c++";
  options.flags = config_.cpp.flags;
  options.folder = config_.folder;
  options.cache = config_.cpp.cache;
  options.caches = {config_.folder / ".migrate"};
  options.ahead_only = config_.cpp.ahead_only;
  options.jobs = static_cast<unsigned>(config_.cpp.jobs);
  return options;
}

std::vector<CompiledUnit> Project::compile(const Ids& ids, const std::function<void(const UnitFile&)>& started) {
  std::vector<const UnitFile*> files;
  for (const auto& id : ids) {
    const auto* file = unit(id);
    if (file == nullptr || file->format != UnitFormat::cpp || cpp_units_.contains(id)) continue;
    if (const auto* entry = embedded_unit(file->path)) {
      check_abi(*entry, file->revision);
      cpp_units_.emplace(id, std::make_shared<const CppUnit>(*entry));
      continue;
    }
    files.push_back(file);
  }
  if (files.empty()) return {};
  auto compiled = compile_units(files, compile_options(), started);
  for (std::size_t i = 0; i < files.size(); ++i) cpp_units_.emplace(files[i]->revision.id, load_unit(compiled[i].object, files[i]->revision));
  return compiled;
}

std::shared_ptr<const CppUnit> Project::cpp_unit(const std::string& id) {
  (void)compile({id});
  return cpp_units_.at(id);
}

Ids Project::without_unit(const std::vector<VersionRow>& rows) {
  Ids ids;
  for (const auto& row : rows_of_graph(rows, units())) {
    if (!is_repeatable_id(row.revision) && unit(row.revision) == nullptr) ids.push_back(row.revision);
  }
  return ids;
}

void Project::verify_applied(const std::vector<VersionRow>& rows, bool unknown_allowed) {
  for (const auto& row : rows) {
    if (is_repeatable_id(row.revision)) continue;
    const auto* file = unit(row.revision);
    if (file == nullptr) {
      if (unknown_allowed) continue;
      throw Error{ErrorKind::failed,
                  "the database has the revision " + row.revision + " (" + row.message + "), which has no unit here",
                  "restore its file, deploy the release that has it, or go back with `migrate downgrade`"};
    }
    // A unit that was cut off may be mended before it goes on; what is done of it is checked there.
    if (row.checksum.empty() || row.state != RowState::applied || checksum_of(*file) == row.checksum) continue;
    throw Error{ErrorKind::failed, "the unit " + title(file->revision) + " was edited after it was applied on " + row.applied_at,
                "restore the file as it was, or accept the edit with `migrate repair --accept " + row.revision + "`", {file->path.string()}};
  }
}

}  // namespace migrate
