/// A connection that kills its process at a chosen moment, for the fault harness (tests/faults).
#pragma once

#include <memory>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Wraps the connection when the environment says MIGRATE_TEST_CRASH_AT=N: every statement becomes a round trip of its own,
/// and the process gets SIGKILL in front of statement (N + 1) / 2 when N is odd and behind it when N is even. N = 0 only
/// counts: the number of moments is written to standard error at the end. Without the variable nothing happens.
[[nodiscard]] std::unique_ptr<Connection> with_crash_point(std::unique_ptr<Connection> connection, const Dialect& dialect);

}  // namespace migrate
