/// A target: one database of a project. Its URL, the session, the versions table, what is applied, the live and the declared schema;
/// each asked for when it is first needed. What does not depend on the database stays with the project, which targets share.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "autogenerate/autogenerate.hpp"
#include "library/hooks.hpp"
#include "library/project.hpp"
#include "library/unit_program.hpp"
#include "runner/run.hpp"
#include "runner/session.hpp"

namespace migrate {

class Target {
 public:
  /// `database`: as Project::database() takes it; without one, the database of the project's settings. The project must live longer.
  explicit Target(Project& project, std::optional<std::string> database = std::nullopt) : project_(project), database_(std::move(database)) {}

  /// A database among many of the project; `schema`: only that schema of it, which then has its versions table and its lock to itself.
  Target(Project& project, DatabaseUrl url, std::string schema) : project_(project), url_(std::move(url)), schema_(std::move(schema)) {}

  [[nodiscard]] Project& project() const { return project_; }
  /// The schemas that are looked at; empty: the engine's own.
  [[nodiscard]] std::vector<std::string> schemas() const { return schema_.empty() ? config().schemas : std::vector<std::string>{schema_}; }

  // ---- connection ----
  /// Whether the project or the caller names a database at all.
  [[nodiscard]] bool has_database() const;
  const DatabaseUrl& url();
  Session& session();
  /// Called with each session that is opened, for `-v`.
  void on_connect(std::function<void(Session&)> told) { connected_ = std::move(told); }
  /// From now on a database that is not there is looked at as an empty one, and not made.
  void only_look() { only_looks_ = true; }
  /// How long session() goes on trying to reach a server that does not answer yet; `waiting` is told why, once.
  void wait_for_server(std::chrono::milliseconds time, std::function<void(const Error& why)> waiting) {
    patience_ = time;
    waiting_ = std::move(waiting);
  }
  /// The dialect of the URL; no connection is made.
  const Dialect& dialect();
  /// The section names that hold: from the server when we are connected, else from the URL.
  [[nodiscard]] std::vector<std::string> sections();

  // ---- runs ----
  const Versions& versions();
  /// How the settings want a run; `lock_timeout` as on the command line, or "".
  [[nodiscard]] RunOptions run_options(const std::string& lock_timeout = {});
  /// For a run that changes the schema, or what counts as applied: keeps the schema behind it, unless that is switched off.
  [[nodiscard]] std::function<void(Session&)> schema_keeper();
  /// The hooks of migrate.yaml for the engine in hand.
  const Hooks& hooks();
  /// The step of a revision; its unit must be there, or for a downgrade its row. `behind`: the revision whose step runs in
  /// front of it in the same run, or "".
  [[nodiscard]] Step step(const std::string& id, Direction direction, const std::string& behind = {});

  /// The step of a unit that is in hand.
  [[nodiscard]] Step step_of(const SqlUnit& unit, Direction direction);

  // ---- what is applied ----
  /// The rows of the versions table as the graph sees them (library/squash.hpp).
  [[nodiscard]] std::vector<VersionRow> read_rows();
  /// The graph with the revisions that the database has and no file here: as their rows describe them.
  const Graph& graph_with(const std::vector<VersionRow>& rows);
  /// Says in the step of a squash unit whose rows it makes or takes away; `rows` as they are in the table.
  void set_stand_ins(Step& step, const std::vector<VersionRow>& rows);
  /// Whether a revision can be reverted: by its unit, or by what its row keeps.
  [[nodiscard]] bool has_way_back(const std::string& id);

  // ---- schemas ----
  [[nodiscard]] ModelOptions model_options(const ServerInfo& server) const;
  /// For a model as somebody wrote it: options of engines that do not have them are errors.
  [[nodiscard]] ModelOptions checked_model_options(const ServerInfo& server) const;
  [[nodiscard]] ObjectFilter filter();
  /// The live schema, without what is ignored and the framework's own tables.
  [[nodiscard]] Schema live_schema();
  [[nodiscard]] Schema live_schema(Session& session);
  /// With the partitions of its tables, which comparing leaves alone unless the model declares them: what a model is written from.
  [[nodiscard]] Schema whole_schema();
  /// A model in files, YAML or SQL, for the engine of a session.
  [[nodiscard]] Schema read_model(const std::vector<std::filesystem::path>& files, Session& session);
  /// The declared schema for the server in hand.
  [[nodiscard]] Schema declared_schema();

 private:
  [[nodiscard]] InspectOptions inspect_options(Session& session);
  [[nodiscard]] const Config& config() const { return project_.config(); }
  [[nodiscard]] std::string versions_table() const;
  [[nodiscard]] Step kept_step(const std::string& id);
  [[nodiscard]] Step cpp_step(const UnitFile& file, Direction direction, const std::string& behind);
  [[nodiscard]] UnitEnvironment& unit_environment();
  /// Of the server, where we are connected.
  [[nodiscard]] Options server_settings();

  Project& project_;
  std::optional<std::string> database_;
  std::optional<DatabaseUrl> url_;
  std::string schema_;
  bool only_looks_ = false;
  std::chrono::milliseconds patience_{0};
  std::function<void(const Error& why)> waiting_;
  std::function<void(Session&)> connected_;
  [[nodiscard]] std::unique_ptr<Session> connect(const DatabaseUrl& url);

  std::unique_ptr<Session> session_;
  std::optional<Versions> versions_;
  std::optional<Graph> full_graph_;   ///< of the units as the project read them then
  unsigned full_graph_reading_ = 0;
  std::unique_ptr<UnitEnvironment> environment_;
  std::optional<Hooks> hooks_;
};

/// What the options name, with the partitions of its tables.
[[nodiscard]] Schema inspect_whole(Session& session, InspectOptions options);

/// The ids whose rows say they are applied, or being reverted.
[[nodiscard]] Ids applied_ids(const std::vector<VersionRow>& rows);

}  // namespace migrate
