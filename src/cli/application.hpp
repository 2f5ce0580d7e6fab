#pragma once

#include <functional>
#include <string>

#include "cli/arguments.hpp"
#include "cli/output.hpp"

namespace migrate::cli {

/// Runs the command line and returns the exit code of the design (0 done ... 5 needs a person). Every error ends here.
int run(int argc, char** argv);

/// The command of that name, or null.
[[nodiscard]] const CommandSpec* command_named(const std::string& name);

/// Runs what a command does; an error is printed, and becomes its exit code.
int report_errors(const Output& output, const std::function<int()>& command);

}  // namespace migrate::cli
