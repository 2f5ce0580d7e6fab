/// The parts of the MySQL dialect, each in its file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialect/dialect.hpp"

namespace migrate::mysql {

[[nodiscard]] ServerInfo probe_server(Connection& connection);

/// What a server of that URL's scheme is as a rule: a MariaDB 10.11 or a MySQL 8.
[[nodiscard]] ServerInfo assumed_server(const DatabaseUrl& url);

[[nodiscard]] Schema inspect_database(Connection& connection, const ServerInfo& server, const InspectOptions& options);

void canonicalize_schema(Schema& declared, const ServerInfo& server);

[[nodiscard]] Schema normalize_objects(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared, const Schema& live);

[[nodiscard]] std::vector<Statement> render_operations(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server);
/// The statements of each part; a foreign key that stands in the way comes back at the very end.
[[nodiscard]] std::vector<std::vector<Statement>> render_operation_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                         const ServerInfo& server);

[[nodiscard]] std::unique_ptr<RunLock> make_session_lock(Connection& connection, const std::string& key);

/// MariaDB: ALTER TABLE ... RENAME COLUMN fails with "Unknown column 'n' in 'CHECK'" (or 'DEFAULT', 'GENERATED ALWAYS AS') when the
/// server still has the table open as a view opened it, under an alias. An ALTER TABLE that changes nothing closes it.
[[nodiscard]] bool mend_stale_table(Connection& connection, const Statement& statement, const DatabaseError& error);
[[nodiscard]] std::vector<std::string> find_blockers(Connection& connection, const Statement& statement);

[[nodiscard]] Fingerprint take_fingerprint(Connection& connection, const ServerInfo& server, const Statement& statement);

/// What proves that CREATE TABLE, CREATE INDEX, DROP TABLE and their like took effect; none for what changes an object.
[[nodiscard]] std::optional<Witness> witness_of(const Statement& statement);

/// Whether all tables that a data statement reaches, through views, triggers and routines too, have transactions.
[[nodiscard]] bool changes_roll_back(Connection& connection, const Statement& statement);

}  // namespace migrate::mysql
