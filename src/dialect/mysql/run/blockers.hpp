/// Who stands in the way of a statement, and what makes the server refuse a right one.
#pragma once

#include <string>
#include <vector>

#include "dialect/run.hpp"

namespace migrate::mysql {

/// MariaDB: ALTER TABLE ... RENAME COLUMN fails with "Unknown column 'n' in 'CHECK'" (or 'DEFAULT', 'GENERATED ALWAYS AS') when the
/// server still has the table open as a view opened it, under an alias. An ALTER TABLE that changes nothing closes it.
/// Vitess: a vtgate that does not know yet what the shards have is given a moment.
[[nodiscard]] bool mend_stale_table(Connection& connection, const Statement& statement, const DatabaseError& error);
[[nodiscard]] std::vector<std::string> find_blockers(Connection& connection, const Statement& statement);

}  // namespace migrate::mysql
