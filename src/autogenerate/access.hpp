/// Owners and privileges: compared where the model declares them.
#pragma once

#include <vector>

#include "autogenerate/autogenerate.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Reads what the database has of it into `live` and brings what the model says to the engine's terms; nothing where the model says
/// nothing. Throws Error (usage) with the model's location for an account that is not there.
void read_declared_access(const Dialect& dialect, Connection& connection, const ServerInfo& server, Schema& live, Schema& declared);

/// The changes that lead from the privileges of the live objects, under their declared names, to those of the model.
void compare_access(const Schema& live, const Schema& declared, std::vector<PlannedChange>& out);

}  // namespace migrate
