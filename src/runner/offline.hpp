/// A run as an SQL script that a person runs by hand.
#pragma once

#include <string>
#include <vector>

#include "runner/step.hpp"
#include "runner/versions.hpp"

namespace migrate {

/// The script: it fails at once when the database does not have exactly `expected` applied (empty: none), then carries
/// out the steps and keeps the versions table, each step in a transaction where the engine has them for DDL. `create`:
/// the tables may have to be made first. `setup`: SQL for the session, or "".
[[nodiscard]] std::string write_script(const Dialect& dialect, const ServerInfo& server, const Versions& versions, const std::vector<Step>& steps,
                                       const std::vector<std::string>& expected, bool create, const std::string& setup = {});

}  // namespace migrate
