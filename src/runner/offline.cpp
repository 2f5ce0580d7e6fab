#include "runner/offline.hpp"

#include <fmt/format.h>

#include "core/clock.hpp"
#include "core/version.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "revision/graph.hpp"

namespace migrate {
namespace {

/// A statement that fails when the database is somewhere else, on every engine and client: where DDL is transactional a
/// key that is inserted twice and rolled back, elsewhere a scalar subquery with two rows.
std::string guard_sql(const Dialect& dialect, const Versions& versions, const std::vector<std::string>& expected, bool transactions) {
  const auto table = dialect.sql().quote_name(versions.table());
  std::string condition = fmt::format("(SELECT COUNT(*) FROM {} WHERE revision NOT LIKE {}) = {}", table,
                                      dialect.sql().quote_text(repeatable_id("%")), expected.size());
  for (const auto& id : expected) {
    condition += fmt::format("\n  AND EXISTS (SELECT 1 FROM {} WHERE revision = {} AND state = 'applied')", table, dialect.sql().quote_text(id));
  }
  const auto message = dialect.sql().quote_text("the database is not where this script starts");
  if (!transactions) return fmt::format("SELECT CASE WHEN {}\n  THEN 'ok' ELSE (SELECT {} UNION SELECT 'stopped') END;\n", condition, message);
  return fmt::format("INSERT INTO {} (revision, state, statement)\nSELECT {}, 'applied', 0 FROM (SELECT 1 AS n UNION ALL SELECT 2) AS twice\nWHERE NOT ({});\n",
                     table, message, condition);
}

}  // namespace

std::string write_script(const Dialect& dialect, const ServerInfo& server, const Versions& versions, const std::vector<Step>& steps,
                         const std::vector<std::string>& expected, bool create, const std::string& setup) {
  std::string out = fmt::format("-- Written by migrate {} on {}\n", tool_version(), now_utc());
  if (const auto prologue = dialect.sql().script_prologue(); !prologue.empty()) out = prologue + "\n" + out;
  if (!setup.empty()) out += setup + ";\n";
  const bool transactions = server.capabilities.transactional_ddl;
  if (create) {
    for (const auto& sql : versions.create_sql(server)) out += sql + ";\n";
    out += "\n";
  }
  out += "-- Fails here, on purpose, when the database is not where this script starts.\n";
  if (transactions) out += std::string(dialect.run().begin_sql()) + ";\n";
  out += guard_sql(dialect, versions, expected, transactions);
  if (transactions) out += "COMMIT;\n";
  for (const auto& step : steps) {
    out += fmt::format("\n-- {} {}\n", to_text(step.direction), title(step.revision));
    const auto frame = dialect.run().frame_unit(step.statements, nullptr);
    const bool together = transactions && step.transaction;
    for (const auto& statement : frame.before) out += statement.text + ";\n";
    if (together) out += std::string(dialect.run().begin_sql()) + ";\n";
    for (const auto& statement : frame.statements) out += dialect.sql().script_statement(statement) + "\n";
    for (const auto& sql : dialect.run().restore_session(step.statements, nullptr)) out += sql + ";\n";
    for (const auto& other : step.stands_for) {
      const VersionRow row{.revision = other.revision, .message = other.message, .checksum = other.checksum,
                           .applied_at = now_utc(), .applied_by = "script by " + who_runs(), .tool_version = tool_version()};
      out += (step.direction == Direction::upgrade ? versions.insert_sql(row, other.downgrade) : versions.delete_sql(other.revision)) + ";\n";
    }
    if (step.direction == Direction::upgrade && step.stands_for.empty()) {
      const VersionRow row{.revision = step.revision.id, .message = step.revision.message, .checksum = step.checksum,
                           .applied_at = now_utc(), .applied_by = "script by " + who_runs(), .tool_version = tool_version()};
      if (step.revision.repeatable) out += versions.delete_sql(step.revision.id) + ";\n";
      out += versions.insert_sql(row, step.downgrade) + ";\n";
    } else {
      out += versions.delete_sql(step.revision.id) + ";\n";
    }
    out += versions.log_sql({std::string(to_text(step.direction)), step.revision.id, "done", now_utc(), "script by " + who_runs(), 0, tool_version()}) + ";\n";
    if (together) out += "COMMIT;\n";
    for (const auto& statement : frame.after) out += statement.text + ";\n";
    for (const auto& sql : frame.restore) out += sql + ";\n";
  }
  return out;
}

}  // namespace migrate
