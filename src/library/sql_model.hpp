/// A model written in SQL: CREATE statements, as people write them or a dump has them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/session.hpp"

namespace migrate {

/// Runs the files in a database that exists for this only (in memory where the engine has that, else one that is made on the same
/// server and dropped, or the empty one that `scratch` names, which is left empty), and inspects it. `schemas` as in migrate.yaml; `options` are those of the live database. Throws Error (usage) with
/// file and line for a statement that the engine refuses.
[[nodiscard]] Schema load_sql_model(const std::vector<std::filesystem::path>& files, Session& live, const std::vector<std::string>& schemas,
                                    const Options& options, const std::optional<DatabaseUrl>& scratch);

}  // namespace migrate
