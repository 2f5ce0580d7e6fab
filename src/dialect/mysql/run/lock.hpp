/// The lock of a run: GET_LOCK of the session.
#pragma once

#include <memory>
#include <string>

#include "dialect/run.hpp"

namespace migrate::mysql {

[[nodiscard]] std::unique_ptr<RunLock> make_session_lock(Connection& connection, const std::string& key);

}  // namespace migrate::mysql
