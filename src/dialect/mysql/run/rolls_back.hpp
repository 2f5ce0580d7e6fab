/// Whether what a data statement changes can be rolled back.
#pragma once

#include <string>

#include "dialect/run.hpp"

namespace migrate::mysql {

/// Whether all tables that a data statement reaches, through views, triggers and routines too, have transactions.
[[nodiscard]] bool changes_roll_back(Connection& connection, const Statement& statement);

/// RunFace::rolls_back_by().
[[nodiscard]] std::string names_that_roll_back(const Statement& statement);

}  // namespace migrate::mysql
