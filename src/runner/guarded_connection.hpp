/// A connection that asks before everything that is sent whether the run may go on.
#pragma once

#include <functional>
#include <memory>

#include "dialect/connection.hpp"

namespace migrate {

/// Throws DatabaseError when nothing more may be sent. Shared, so that it can be set and taken away while the connection lives.
using ConnectionGuard = std::shared_ptr<std::function<void()>>;

[[nodiscard]] std::unique_ptr<Connection> with_guard(std::unique_ptr<Connection> connection, ConnectionGuard guard);

}  // namespace migrate
