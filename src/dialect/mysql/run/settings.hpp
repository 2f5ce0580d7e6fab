/// What a session is set to, for a run and by units.
#pragma once

#include <string>
#include <vector>

#include "dialect/run.hpp"

namespace migrate::mysql {

/// Statement timeouts have another name and another unit on each flavour; an executable comment holds MariaDB's.
[[nodiscard]] std::string session_setup(const RunTimeouts& timeouts);

/// RunFace::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);

/// RunFace::code_may_change_session().
[[nodiscard]] bool code_may_change_session(Connection& connection);

}  // namespace migrate::mysql
