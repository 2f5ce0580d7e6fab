/// The backup of a run: made before its first statement, and brought back when it fails where the engine cannot go back.
#pragma once

#include "cli/context.hpp"

namespace migrate::cli {

/// Puts it into the options where the command line or migrate.yaml asks for one. What is referred to must live as long as the options.
void add_backup(Context& context, RunOptions& options, const Planner& planner);

}  // namespace migrate::cli
