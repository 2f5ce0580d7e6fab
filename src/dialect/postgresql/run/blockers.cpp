#include "dialect/postgresql/run/blockers.hpp"

#include "dialect/postgresql/sql/names.hpp"

namespace migrate::postgresql {

std::vector<std::string> blockers(Connection& connection, const Statement& statement) {
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(R"(
    select 'process ' || a.pid || ' (' || coalesce(a.usename, '?') || '@' || coalesce(host(a.client_addr), 'local') ||
           coalesce(', ' || nullif(a.application_name, ''), '') || ') holds ' || string_agg(distinct l.mode || ' on ' || l.relation::regclass, ', ') ||
           ', ' || coalesce(a.state, 'working') || coalesce(', transaction open since ' || to_char(a.xact_start, 'HH24:MI:SS'), '') ||
           coalesce(': ' || nullif(left(regexp_replace(a.query, E'\\s+', ' ', 'g'), 120), ''), '')
      from pg_catalog.pg_locks l
      join pg_catalog.pg_stat_activity a on a.pid = l.pid
     where l.locktype = 'relation'
       and l.granted
       and l.pid <> pg_catalog.pg_backend_pid()
       and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
       and l.relation in (select pg_catalog.to_regclass(name)::oid from unnest()" + name_array(names) + R"() as name)
     group by a.pid, a.usename, a.client_addr, a.application_name, a.state, a.xact_start, a.query
     order by a.xact_start)");
  std::vector<std::string> lines;
  for (const auto& row : result.rows) lines.push_back(row[0].value_or(""));
  return lines;
}

}  // namespace migrate::postgresql
