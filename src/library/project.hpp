/// The project that a command or an embedding program works on: configuration, units, graph, database; each made when it is first needed.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "autogenerate/autogenerate.hpp"
#include "library/hooks.hpp"
#include "library/unit_program.hpp"
#include "project/config.hpp"
#include "revision/files.hpp"
#include "revision/graph.hpp"
#include "revision/sum.hpp"
#include "runner/run.hpp"
#include "runner/session.hpp"
#include "unit/compile.hpp"
#include "unit/cpp_unit.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {

class Project {
 public:
  Project(Config config, std::optional<std::string> database);

  [[nodiscard]] const Config& config() const { return config_; }

  // ---- units ----
  const std::vector<UnitFile>& units();
  const Graph& graph();
  [[nodiscard]] const UnitFile* unit(const std::string& id);
  [[nodiscard]] std::filesystem::path new_unit_folder() const { return config_.migrations.front(); }
  /// Reads units again after one was written.
  void reload_units();
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

  // ---- database ----
  [[nodiscard]] bool has_database() const;
  const DatabaseUrl& url();
  Session& session();
  /// From now on a database that is not there is looked at as an empty one, and not made.
  void only_look() { only_looks_ = true; }
  const Versions& versions();
  /// How the settings want a run; `lock_timeout` as on the command line, or "".
  [[nodiscard]] RunOptions run_options(const std::string& lock_timeout = {});
  /// For a run that changes the schema, or what counts as applied: keeps the schema behind it, unless that is switched off.
  [[nodiscard]] std::function<void(Session&)> schema_keeper();
  /// The dialect of the URL; no connection is made.
  const Dialect& dialect();
  /// The section names that hold: from the server when we are connected, else from the URL.
  [[nodiscard]] std::vector<std::string> sections();

  // ---- what is applied ----
  /// The graph with the revisions that the database has and no file here: as their rows describe them.
  const Graph& graph_with(const std::vector<VersionRow>& rows);
  /// The hooks of migrate.yaml for the engine in hand.
  const Hooks& hooks();
  /// The step of a revision; its unit must be there, or for a downgrade its row. `behind`: the revision whose step runs in
  /// front of it in the same run, or "".
  [[nodiscard]] Step step(const std::string& id, Direction direction, const std::string& behind = {});
  /// The rows of the versions table as the graph sees them (library/squash.hpp).
  [[nodiscard]] std::vector<VersionRow> read_rows();
  /// Says in the step of a squash unit whose rows it makes or takes away; `rows` as they are in the table.
  void set_stand_ins(Step& step, const std::vector<VersionRow>& rows);
  /// Whether a revision can be reverted: by its unit, or by what its row keeps.
  [[nodiscard]] bool has_way_back(const std::string& id);
  /// Revisions of the table (`rows` as they are in it) that have no unit here; a repeatable unit may be taken away.
  [[nodiscard]] Ids without_unit(const std::vector<VersionRow>& rows);
  /// Throws Error for units that were edited after they were applied, and for rows without a unit.
  void verify_applied(const std::vector<VersionRow>& rows, bool unknown_allowed);

  // ---- schemas ----
  [[nodiscard]] ModelOptions model_options(const ServerInfo& server) const;
  [[nodiscard]] ObjectFilter filter();
  /// The live schema, without what is ignored and the framework's own tables.
  [[nodiscard]] Schema live_schema();
  [[nodiscard]] Schema live_schema(Session& session);
  /// A model in files, YAML or SQL, for the engine of a session.
  [[nodiscard]] Schema read_model(const std::vector<std::filesystem::path>& files, Session& session);
  /// The declared schema for the server in hand.
  [[nodiscard]] Schema declared_schema();

 private:
  [[nodiscard]] Step kept_step(const std::string& id);
  [[nodiscard]] Step cpp_step(const UnitFile& file, Direction direction, const std::string& behind);
  [[nodiscard]] UnitEnvironment& unit_environment();

  Config config_;
  std::optional<std::string> database_;
  std::optional<std::vector<UnitFile>> units_;
  std::unordered_map<std::string, std::size_t> unit_index_;
  std::optional<Graph> graph_;
  std::optional<Graph> full_graph_;
  std::optional<DatabaseUrl> url_;
  bool only_looks_ = false;
  std::unique_ptr<Session> session_;
  std::optional<Versions> versions_;
  std::map<std::string, std::shared_ptr<const CppUnit>> cpp_units_;
  std::unique_ptr<UnitEnvironment> environment_;
  std::optional<Hooks> hooks_;
};

/// The ids whose rows say they are applied, or being reverted.
[[nodiscard]] Ids applied_ids(const std::vector<VersionRow>& rows);

}  // namespace migrate
