#include "autogenerate/held.hpp"

#include <cstdlib>

#include "core/text.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

constexpr long long count_to = 100000;
constexpr std::size_t places_a_query = 100;  ///< an engine has limits for the columns of one result

std::string counting(const Dialect& dialect, const HeldPlace& place) {
  const auto condition = place.column.empty() ? "" : " WHERE " + dialect.sql().quote_name(place.column) + " IS NOT NULL";
  return "(SELECT count(*) FROM (SELECT 1 AS migrate_one FROM " + dialect.sql().quote_name(place.table) + condition + " LIMIT " + std::to_string(count_to + 1) + ") migrate_held)";
}

HeldCounts ask(const Dialect& dialect, Connection& connection, const std::vector<HeldPlace>& places) {
  std::vector<std::string> queries;
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (i % places_a_query == 0) queries.emplace_back("SELECT ");
    else queries.back() += ", ";
    queries.back() += counting(dialect, places[i]);
  }
  HeldCounts counts;
  connection.query_each(queries, [&](std::size_t query, const Result& result) {
    if (result.rows.empty()) return;
    const auto& row = result.rows.front();
    for (std::size_t i = 0; i < row.size() && query * places_a_query + i < places.size(); ++i) {
      if (!row[i]) continue;
      const auto count = std::atoll(row[i]->c_str());
      counts[places[query * places_a_query + i]] = {.known = true, .count = std::min(count, count_to), .more = count > count_to};
    }
  });
  return counts;
}

}  // namespace

HeldCounter count_held(const Dialect& dialect, Connection& connection) {
  return [&](const std::vector<HeldPlace>& places) {
    try {
      return ask(dialect, connection, places);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      return HeldCounts{};  // a role that may not read a table: then it may hold something
    }
  };
}

}  // namespace migrate
