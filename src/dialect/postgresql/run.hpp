/// The runner's part: lock, blockers, fingerprints.
#pragma once

#include <memory>

#include "dialect/dialect.hpp"

namespace migrate::postgresql {

[[nodiscard]] std::string session_setup(const RunTimeouts& timeouts);
[[nodiscard]] std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key);
[[nodiscard]] std::vector<std::string> blockers(Connection& connection, const Statement& statement);
[[nodiscard]] Fingerprint fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement);

}  // namespace migrate::postgresql
