/// What is done on one target, whoever asks for it: the command line or a program.
#pragma once

#include <string>

#include "fleet/targets.hpp"
#include "library/target.hpp"

namespace migrate::fleet {

/// The heads of what is applied, by comma; "" where nothing is.
[[nodiscard]] std::string revision_text(Target& target);

/// Whether a query's one value is true there.
[[nodiscard]] bool is_true(Project& project, const FleetTarget& target, const std::string& query);

/// The line by which a worker tells the runner what came of a target; `ask_limit`: how many connections its server allows, too.
[[nodiscard]] std::string outcome_line(Target& target, bool ask_limit);

/// In this process, so that workers that are forked from it have the units.
void load_units(Project& project);

}  // namespace migrate::fleet
