#include "dialect/mysql/run/online.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <set>
#include <thread>

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/shards.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

std::string cell(const Result& result, const Row& row, std::string_view column) {
  const auto at = std::find(result.columns.begin(), result.columns.end(), column);
  return at == result.columns.end() ? std::string{} : row.at(static_cast<std::size_t>(at - result.columns.begin())).value_or("");
}

/// Waits for the migrations of a context, one on each of so many shards; with `failing` one that failed is an error.
void await(Connection& connection, const std::string& context, std::size_t shards, bool failing) {
  using namespace std::chrono_literals;
  const auto begun = std::chrono::steady_clock::now();
  for (auto pause = 100ms;; pause = std::min(pause * 2, std::chrono::milliseconds(1000))) {
    const auto found = connection.query("SHOW VITESS_MIGRATIONS LIKE " + quote_text(context));
    bool waiting = false;
    std::set<std::string> told;
    for (const auto& row : found.rows) {
      told.insert(cell(found, row, "shard"));
      const auto status = lower(cell(found, row, "migration_status"));
      const bool ended = status == "failed" || status == "cancelled";
      if (ended && failing) {
        throw DatabaseError(DatabaseError::Cause::statement,
                            fmt::format("the online change {} is {} on shard {}: {}", cell(found, row, "migration_uuid"), status, cell(found, row, "shard"), cell(found, row, "message")), "HY000", 0,
                            "SHOW VITESS_MIGRATIONS tells more; other shards may have carried it out: `migrate check` compares them");
      }
      waiting = waiting || (!ended && status != "complete");
    }
    const bool some_missing = failing && told.size() < shards;  // what is queued may be listed a moment later
    if (!waiting && !some_missing) return;
    if (!waiting && std::chrono::steady_clock::now() - begun > 30s) {
      throw DatabaseError(DatabaseError::Cause::statement, fmt::format("the online change is known to {} of {} shards (SHOW VITESS_MIGRATIONS LIKE '{}')", told.size(), shards, context), "HY000", 0,
                          "`migrate check` compares the shards");
    }
    std::this_thread::sleep_for(pause);
  }
}

}  // namespace

void run_online(Connection& connection, const ServerInfo& server, const std::string& statement, const std::string& how, const std::string& context) {
  const auto kind = classify_statement(statement, lexical_rules());
  if (!server.defaults.contains("vitess") || kind != StatementClass::definition) return connection.execute(statement);
  // Tried again, it is another change under the same step's name.
  const auto name = context + ":" + random_hex(4);
  connection.execute("SET @@migration_context = " + quote_text(name) + ", @@ddl_strategy = " + quote_text(how));
  const auto as_usual = [&] { connection.execute("SET @@ddl_strategy = 'direct', @@migration_context = ''"); };
  Result answer;
  try {
    answer = connection.query(statement);
  } catch (const DatabaseError& error) {
    if (error.cause != DatabaseError::Cause::connection) as_usual();
    throw;
  }
  as_usual();
  // What is queued is answered with its number; the rest has run.
  const bool queued = !answer.rows.empty() && !cell(answer, answer.rows.front(), "uuid").empty();
  if (queued) await(connection, name, std::max<std::size_t>(1, shards_of(server).size()), true);
}

void await_online(Connection& connection, const ServerInfo& server, const std::string& context) {
  if (server.defaults.contains("vitess")) await(connection, context + ":%", 1, false);
}

}  // namespace migrate::mysql
