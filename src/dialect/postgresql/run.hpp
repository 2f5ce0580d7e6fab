/// The runner's part: lock, blockers, fingerprints.
#pragma once

#include <memory>

#include "dialect/dialect.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::string session_setup(const RunTimeouts& timeouts);
[[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key);
/// Dialect::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);
/// DROP of the invalid index that a failed CREATE INDEX CONCURRENTLY left behind; "" when there is none.
[[nodiscard]] std::string cleanup_before(Connection& connection, const Statement& statement);
[[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement);
/// Of CREATE INDEX CONCURRENTLY and DROP INDEX CONCURRENTLY, which cannot run in a transaction.
[[nodiscard]] std::optional<Witness> witness(const Statement& statement);
[[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement);

}  // namespace migrate::postgresql
