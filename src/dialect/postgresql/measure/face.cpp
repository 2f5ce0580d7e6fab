#include "dialect/postgresql/measure/face.hpp"

namespace migrate::postgresql {
namespace {

/// Who waits among those who read a table and those who change its rows (manual, 13.3.1).
Waits waits_for(const std::string& mode) {
  if (mode == "AccessExclusiveLock") return Waits::everybody;
  if (mode == "ExclusiveLock" || mode == "ShareRowExclusiveLock" || mode == "ShareLock") return Waits::writers;
  return Waits::nobody;
}

QualifiedName name_of(const Row& row) { return {row.at(0).value_or(""), row.at(1).value_or("")}; }

/// pg_locks shows what a transaction holds until it ends. A table that it has made is not in our catalog yet: nobody waits for it.
class Probe final : public LockProbe {
 public:
  explicit Probe(Connection& second) : second_(second) {}

  [[nodiscard]] std::vector<SeenLock> look(const std::vector<QualifiedName>& /*about*/) override {
    const auto result = second_.query(R"(
      select distinct n.nspname, c.relname, l.mode
        from pg_catalog.pg_locks l
        join pg_catalog.pg_class c on c.oid = l.relation
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        left join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'relation'
         and l.granted
         and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
         and l.pid <> pg_catalog.pg_backend_pid()
         and c.relkind in ('r', 'p', 'm', 'f')
         and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
         and coalesce(a.backend_type, '') !~ 'autovacuum')");
    std::vector<SeenLock> locks;
    for (const auto& row : result.rows) {
      const auto mode = row.at(2).value_or("");
      locks.push_back({name_of(row), mode, waits_for(mode)});
    }
    return locks;
  }

 private:
  Connection& second_;
};

class PostgresqlMeasure final : public MeasureFace {
 public:
  [[nodiscard]] std::unique_ptr<LockProbe> lock_probe(Connection& second, std::string& /*why*/) const override { return std::make_unique<Probe>(second); }

  [[nodiscard]] std::map<QualifiedName, TableFile> table_files(Connection& connection) const override {
    const auto result = connection.query(R"(
      select n.nspname, c.relname, pg_catalog.pg_relation_filenode(c.oid)
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema')");
    std::map<QualifiedName, TableFile> files;
    for (const auto& row : result.rows) files.emplace(name_of(row), TableFile{row.at(2).value_or(""), std::nullopt});
    return files;
  }

  [[nodiscard]] std::map<QualifiedName, std::string> owned_by_others(Connection& connection) const override {
    const auto result = connection.query(R"(
      select n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner)
        from pg_catalog.pg_class c
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
       where c.relkind in ('r', 'p', 'm', 'f', 'v', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not pg_catalog.pg_has_role(c.relowner, 'USAGE'))");
    std::map<QualifiedName, std::string> owners;
    for (const auto& row : result.rows) owners.emplace(name_of(row), row.at(2).value_or(""));
    return owners;
  }

  /// What the transaction has not handed to the server's statistics yet.
  [[nodiscard]] std::optional<RowsChanged> rows_changed(Connection& connection) const override {
    const auto result = connection.query(R"(
      select pg_catalog.sum(n_tup_ins + n_tup_upd + n_tup_del), pg_catalog.txid_current_if_assigned(), pg_catalog.current_setting('track_counts')
        from pg_catalog.pg_stat_xact_all_tables
       where schemaname !~ '^pg_' and schemaname <> 'information_schema')");
    const auto& row = result.rows.at(0);
    if (row.at(2) != "on") return std::nullopt;
    return RowsChanged{std::stoll(row.at(0).value_or("0")), row.at(1).value_or(""), true};
  }

  [[nodiscard]] std::optional<long long> log_bytes(Connection& connection) const override {
    return std::stoll(connection.query("select pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')").rows.at(0).at(0).value_or("0"));
  }
};

}  // namespace

const MeasureFace& measure_face() {
  static const PostgresqlMeasure instance;
  return instance;
}

}  // namespace migrate::postgresql
