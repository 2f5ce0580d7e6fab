/// A project: what stands in files. Settings, units, the graph; each read when it is first needed, and once for any number of targets.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "project/config.hpp"
#include "revision/files.hpp"
#include "revision/graph.hpp"
#include "revision/sum.hpp"
#include "runner/versions.hpp"
#include "unit/compile.hpp"
#include "unit/cpp_unit.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {

class Project {
 public:
  explicit Project(Config config) : config_(std::move(config)) {}

  [[nodiscard]] const Config& config() const { return config_; }
  /// A database as commands name it: a URL, `@NAME` for that of an environment of migrate.yaml with its password settings, or `@` for
  /// that of the top level. Throws Error (usage).
  [[nodiscard]] DatabaseUrl database(const std::string& name) const;

  // ---- units ----
  const std::vector<UnitFile>& units();
  const Graph& graph();
  [[nodiscard]] const UnitFile* unit(const std::string& id);
  /// From now on a migrations folder that is not there is one without units: for a command that makes it.
  void make_folder_if_missing() { makes_folder_ = true; }
  /// Throws Error (usage) when the database has revisions and there is no unit at all: the folder is another one than was meant.
  void refuse_no_units(const std::vector<VersionRow>& rows);
  [[nodiscard]] std::filesystem::path new_unit_folder() const { return config_.migrations.front(); }
  /// Reads units again after one was written.
  void reload_units();
  /// Grows with each reading of the units: what was made of them before is old then.
  [[nodiscard]] unsigned readings() const { return readings_; }
  /// A SQL unit, parsed.
  [[nodiscard]] SqlUnit parse(const UnitFile& unit) const;
  [[nodiscard]] std::string checksum_of(const UnitFile& unit) const;
  /// Writes migrate.sum anew for the units as they are.
  void write_sum();
  [[nodiscard]] std::filesystem::path sum_file() const { return new_unit_folder() / "migrate.sum"; }
  [[nodiscard]] std::vector<SumEntry> sum_entries();

  // ---- C++ units ----
  [[nodiscard]] CompileOptions compile_options() const;
  /// Compiles the C++ units among the revisions, several at a time, and loads them; the others are left alone.
  std::vector<CompiledUnit> compile(const Ids& ids, const std::function<void(const UnitFile&)>& started = {});
  /// The loaded C++ unit of a revision; it is compiled when that is needed.
  [[nodiscard]] std::shared_ptr<const CppUnit> cpp_unit(const std::string& id);

  // ---- units beside the rows of a versions table ----
  /// Revisions of the table (`rows` as they are in it) that have no unit here; a repeatable unit may be taken away.
  [[nodiscard]] Ids without_unit(const std::vector<VersionRow>& rows);
  /// Throws Error for units that were edited after they were applied, and for rows without a unit.
  void verify_applied(const std::vector<VersionRow>& rows, bool unknown_allowed);

 private:
  void refuse_missing(const std::filesystem::path& folder) const;

  Config config_;
  std::optional<std::vector<UnitFile>> units_;
  unsigned readings_ = 0;
  std::unordered_map<std::string, std::size_t> unit_index_;
  std::optional<Graph> graph_;
  bool makes_folder_ = false;
  std::map<std::string, std::shared_ptr<const CppUnit>> cpp_units_;
};

}  // namespace migrate
