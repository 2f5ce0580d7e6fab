/// What has to stand around a unit's transaction.
#pragma once

#include <vector>

#include "dialect/run.hpp"

namespace migrate::sqlite {

/// RunFace::frame_unit().
[[nodiscard]] UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection);

/// Rows whose foreign key finds no parent, a line each for people. A key over columns that are not unique in the parent makes the check
/// of its table fail ("foreign key mismatch"): that table is left out.
[[nodiscard]] std::vector<std::string> foreign_key_violations(Connection& connection);

}  // namespace migrate::sqlite
