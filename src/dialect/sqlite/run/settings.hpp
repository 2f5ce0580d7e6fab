/// What a unit changes of the session.
#pragma once

#include <string>
#include <vector>

#include "dialect/run.hpp"

namespace migrate::sqlite {

/// RunFace::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);

}  // namespace migrate::sqlite
