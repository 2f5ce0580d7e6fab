/// The lock of a run on a database file.
#pragma once

#include <memory>
#include <string>

#include "dialect/run.hpp"

namespace migrate::sqlite {

/// Null for a database in memory.
[[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key);

}  // namespace migrate::sqlite
