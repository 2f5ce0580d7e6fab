/// Indexes that are built or dropped without a transaction.
#pragma once

#include <optional>
#include <string>

#include "dialect/run.hpp"

namespace migrate::postgresql {

/// Of CREATE INDEX CONCURRENTLY and DROP INDEX CONCURRENTLY, which cannot run in a transaction.
[[nodiscard]] std::optional<Witness> witness(const Statement& statement);

/// DROP of the invalid index that a failed CREATE INDEX CONCURRENTLY left behind; "" when there is none.
[[nodiscard]] std::string cleanup_before(Connection& connection, const Statement& statement);

}  // namespace migrate::postgresql
