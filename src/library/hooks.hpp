/// Hooks of migrate.yaml: SQL around runs and steps, commands behind a unit that was written.
///
///     hooks:
///       before_run: "SET ROLE owner"                      # once, behind the lock, when there is something to run
///       after_step: {postgresql: "NOTIFY schema_changed"} # inside each unit's transaction, where it has one
///       after_run: hooks/grants.sql                       # a value that ends in .sql names a file, relative to migrate.yaml
///       after_write: ["sqlfluff fix {{file}}"]            # commands, with the new unit's path
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/statement.hpp"
#include "project/config.hpp"
#include "runner/step.hpp"

namespace migrate {

struct Hooks {
  std::vector<Statement> before_run, before_step, after_step, after_run;
};

/// The SQL hooks for an engine, whose names come weakest first ({"mysql", "mariadb"}). Throws Error (usage) with file and line:
/// an unknown key, a file that is not there, SQL that cannot be split.
[[nodiscard]] Hooks read_hooks(const Config& config, const Dialect& dialect, const std::vector<std::string>& engines);

/// Puts the statements of before_step and after_step around those of a step.
void add_hooks(Step& step, const Hooks& hooks);

/// The commands of after_write, with the file in its place.
[[nodiscard]] std::vector<std::string> after_write_commands(const Config& config, const std::filesystem::path& file);

}  // namespace migrate
