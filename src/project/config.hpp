/// The project's settings: migrate.yaml, one environment of it, and the ways to find it (docs/configuration.md).
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/yaml.hpp"
#include "project/url.hpp"

namespace migrate {

/// How many transactions a run of several revisions takes.
enum class TransactionMode {
  per_revision,  ///< one for each revision
  all,           ///< one for the whole run
  none           ///< none: every statement commits by itself
};

/// How new units are written.
struct RevisionSettings {
  std::string format = "sql";                     ///< "sql" or "cpp"
  std::string file_name = "{{number}}_{{slug}}";  ///< mustache, without the extension
  int number_width = 4;
};

/// Mustache templates for the names of constraints and indexes that a model leaves unnamed.
struct NamingSettings {
  std::string index = "ix_{{table}}_{{columns}}";
  std::string unique = "uq_{{table}}_{{columns}}";
  std::string foreign_key = "fk_{{table}}_{{columns}}";
  std::string check = "ck_{{table}}_{{name}}";
};

struct LockSettings {
  enum class Kind { automatic, session, lease };
  std::chrono::milliseconds timeout{60'000};
  Kind kind = Kind::automatic;               ///< a session's lock where the server has it, else a lease
  std::chrono::milliseconds lease{15'000};   ///< how long a leased lock is good without a sign of life
};

struct StatementSettings {
  std::chrono::milliseconds lock_timeout{5'000};
  std::chrono::milliseconds timeout{0};
  int retries = 5;
};

/// Backups that runs make by themselves.
struct BackupSettings {
  std::filesystem::path folder;  ///< empty: none are made
  int keep = 5;                  ///< how many stay
  std::filesystem::path tools;   ///< the folder of the server's programs; empty: those of PATH
};

struct DriftSettings {
  bool enabled = true;  ///< keep the schema in the database after each run
};

/// What statements take away is kept for the way back.
struct KeepSettings {
  bool on = false;
  bool strict = false;                      ///< refuse a unit that takes what cannot be kept
  std::chrono::milliseconds time = usual;   ///< 0: for ever

  static constexpr std::chrono::milliseconds usual = std::chrono::hours(24 * 30);
};

/// How C++ units are compiled.
struct CppSettings {
  std::string compiler;            ///< empty: $CXX, or c++
  std::vector<std::string> flags;  ///< behind our own
  std::filesystem::path cache;     ///< where compiled units are kept
  int jobs = 0;                    ///< compilers at a time; 0: one for each processor
  bool ahead_only = false;         ///< units have been compiled: nothing is compiled here (a bundle)
};

/// migrate.yaml with one environment laid over it. All paths are absolute.
struct Config {
  std::filesystem::path file;    ///< migrate.yaml; empty when there is none
  std::filesystem::path folder;  ///< where it stands: what relative paths are relative to
  std::string environment;       ///< "" for none
  std::vector<std::string> environments;  ///< the names of all that the file has
  std::filesystem::path database_folder;  ///< what the database and its password are relative to; empty: `folder`

  std::vector<std::filesystem::path> migrations;  ///< the first is where new units go
  std::vector<std::string> model;                 ///< absolute paths or globs: see model_files
  std::string model_command;                      ///< prints the model, as YAML or SQL; "" where files hold it
  Location model_command_place;
  std::optional<std::filesystem::path> templates;
  std::optional<std::filesystem::path> masks;     ///< what `copy` makes of values that must not leave a database
  std::string env_file;                           ///< variables for this file and for what it runs, beside migrate.yaml
  std::string mask_key;                           ///< the secret that masked values depend on
  std::vector<std::string> dialects;              ///< of all databases that the file names, sorted: "mysql", "sqlite"
  std::string versions_table = "schema_versions";  ///< may be qualified: "schema.table"
  RevisionSettings revision;
  NamingSettings naming;
  TransactionMode transaction = TransactionMode::per_revision;
  LockSettings lock;
  std::chrono::milliseconds reconnect{30'000};  ///< how long a run goes on trying when its connection is lost
  StatementSettings statement;
  std::string vitess_ddl_strategy;               ///< how Vitess carries out the definitions of units; "": directly
  DriftSettings drift;
  KeepSettings keep;
  BackupSettings backup;
  CppSettings cpp;
  std::vector<std::string> schemas;
  std::vector<std::string> ignore;   ///< globs
  std::vector<std::string> include;  ///< globs; empty: everything
  bool confirm = false;              ///< ask before the database is changed

  /// Sections that the layers above read themselves; variables in them are filled in already. Null when not there.
  yaml::Node lint, hooks, rehearse;

  /// The fleet's section as it stands in the file: its variables are filled in by those who ask for its databases. Null when not there.
  yaml::Node fleet;

  /// Read by database_url alone, so that a command that needs no database needs no password either.
  yaml::Node database, password_file, password_command;
  yaml::Node scratch;  ///< the URL of an empty database that SQL models are loaded into; see scratch_url
  yaml::Node database_parts;  ///< a map: user, password, host, port, name beside the URL
};

/// The value of an environment variable; nothing when it is not set.
using Variables = std::function<std::optional<std::string>(const std::string& name)>;
[[nodiscard]] std::optional<std::string> environment_variable(const std::string& name);

/// migrate.yaml in `start` or the nearest folder above it; nothing when there is none.
[[nodiscard]] std::optional<std::filesystem::path> find_config(const std::filesystem::path& start);

/// Reads a migrate.yaml (or the one in the folder `path`). `environment` chooses one of its environments, "" none. All
/// environments are checked. Throws Error (usage) with file, line and column: unknown keys, wrong types, variables that
/// are not set, an unknown environment.
[[nodiscard]] Config load_config(const std::filesystem::path& path, const std::string& environment = {},
                                 const Variables& variables = environment_variable);

/// The same from a text; `path` is the file it would stand in.
[[nodiscard]] Config parse_config(std::string_view text, const std::filesystem::path& path, const std::string& environment = {},
                                  const Variables& variables = environment_variable);

/// What holds without a migrate.yaml.
[[nodiscard]] Config default_config(const std::filesystem::path& folder);

/// The database: variables filled in, a relative sqlite path made absolute, the password read from password_file or
/// password_command. Throws Error (usage) when there is none or it cannot be had.
[[nodiscard]] DatabaseUrl database_url(const Config& config, const Variables& variables = environment_variable);

/// The empty database that SQL models may be loaded into; nothing when none is named. Throws Error (usage).
[[nodiscard]] std::optional<DatabaseUrl> scratch_url(const Config& config, const Variables& variables = environment_variable);

/// A URL from the command line as it stands in the migrate.yaml of `folder`: a relative sqlite path is relative to the
/// working folder on the one and to the file in the other.
[[nodiscard]] std::string url_for_config(const std::string& text, const std::filesystem::path& folder);

/// The database's name for people and plans; one that is a file is named by its place relative to `folder`, so that the name
/// holds on another checkout too.
[[nodiscard]] std::string database_name(const DatabaseUrl& url, const std::filesystem::path& folder);

/// The model files: globs resolved, in the order of migrate.yaml, sorted within a glob, each once. Throws Error (usage)
/// for a glob that matches nothing.
[[nodiscard]] std::vector<std::filesystem::path> model_files(const Config& config);

/// Runs the command of the setting `name` in `folder` and returns what it printed; its messages go to our stderr. Throws Error (usage) with
/// the setting's place when it fails.
[[nodiscard]] std::string command_output(const std::string& name, const std::string& command, const std::filesystem::path& folder, const Location& location);

/// Whether autogenerate looks at an object: `ignore` and `include` match its name or its qualified name.
[[nodiscard]] bool is_included(const Config& config, std::string_view schema, std::string_view name);

/// "60s", "500ms", "1.5m", "2h", "1d", "0". Nothing when it is not a duration.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_duration(std::string_view text);

/// "30d", "strict", "forever", "yes", "no" as `keep:` and --keep take them; false when it is none of them.
[[nodiscard]] bool read_keep(std::string_view text, KeepSettings& keep);

/// Fills in ${VAR} and ${VAR:-default} ("$${" is a plain "${"). Throws Error (usage) that names a variable that is not set.
[[nodiscard]] std::string expand_variables(std::string_view text, const Variables& variables, const Location& location = {});

}  // namespace migrate
