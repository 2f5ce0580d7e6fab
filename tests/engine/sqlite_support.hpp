/// What the SQLite tests share: databases in memory, and the catalog as text, read by SQLite's own PRAGMAs.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"

namespace migrate::test {

[[nodiscard]] std::unique_ptr<Connection> memory_database(const std::string& sql = {});
[[nodiscard]] ServerInfo sqlite_server();
[[nodiscard]] Schema live_schema(Connection& connection);

/// Every table, column, key, index, trigger and view as a sorted list of lines.
[[nodiscard]] std::string sqlite_catalog(Connection& connection);

/// The first lines in which the texts differ; empty if they are equal.
[[nodiscard]] std::string first_difference(const std::string& a, const std::string& b);

/// The operations that make the whole schema.
[[nodiscard]] std::vector<Operation> creations(const Schema& schema);

/// Runs the statements as the runner does: PRAGMAs outside of a transaction, foreign keys checked before COMMIT.
void run_unit(Connection& connection, const std::vector<Statement>& statements);

/// The rows of a query as text: "1|a; 2|b".
[[nodiscard]] std::string rows(Connection& connection, const std::string& sql);

/// Model text to canonical schema.
[[nodiscard]] Schema declared_schema(const std::string& yaml);

}  // namespace migrate::test
