/// The lock of a run: an advisory lock of the session.
#pragma once

#include <memory>
#include <string>

#include "dialect/run.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key);

}  // namespace migrate::postgresql
