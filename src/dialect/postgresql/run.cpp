#include "dialect/postgresql/run.hpp"

#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/postgresql/names.hpp"
#include "dialect/postgresql/split.hpp"

namespace migrate::postgresql {
namespace {

/// The key as the server's 64-bit number.
long long lock_number(const std::string& key) {
  return static_cast<long long>(std::stoull(sha256("migrate:" + key).substr(0, 16), nullptr, 16));
}

class AdvisoryLock : public RunLock {
 public:
  AdvisoryLock(Connection& connection, const std::string& key) : connection_(connection), number_(lock_number(key)) {}
  ~AdvisoryLock() override { release(); }
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;

  bool try_acquire() override {
    if (held_) return true;
    const auto result = connection_.query("select pg_try_advisory_lock(" + std::to_string(number_) + ")");
    held_ = result.rows.at(0).at(0) == "t";
    return held_;
  }

  void release() noexcept override {
    if (!held_) return;
    held_ = false;
    try {
      connection_.query("select pg_advisory_unlock(" + std::to_string(number_) + ")");
    } catch (...) {  // the session is gone, and the lock with it
    }
  }

  std::string holder() override {
    const auto bits = static_cast<unsigned long long>(number_);
    const auto result = connection_.query(R"(
      select coalesce(a.usename, '?') || '@' || coalesce(nullif(a.client_hostname, ''), host(a.client_addr), 'local') ||
             ', process ' || l.pid || coalesce(', ' || nullif(a.application_name, ''), '') ||
             coalesce(', since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), '')
        from pg_catalog.pg_locks l
        left join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory'
         and l.granted
         and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
         and l.classid = )" + std::to_string(bits >> 32U) + " and l.objid = " + std::to_string(bits & 0xFFFFFFFFU) +
                                        " and l.objsubid = 1");
    return result.rows.empty() ? std::string{} : result.rows[0][0].value_or("");
  }

 private:
  Connection& connection_;
  long long number_;
  bool held_ = false;
};

std::string name_array(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote_text(name));
  return "array[" + join(quoted, ", ") + "]::text[]";
}

/// Whether the catalog shows what a statement of this kind does.
bool is_visible(const Statement& statement) {
  if (classify(statement) != StatementClass::definition) return false;
  const auto tokens = tokenize(statement.text, lexical_rules());
  for (std::size_t i = 0; i < tokens.size() && i < 8; ++i) {
    for (const auto* kind : {"table", "index", "view", "sequence", "type", "domain", "function", "procedure", "routine", "trigger", "policy",
                             "schema", "extension", "column", "constraint", "materialized", "into"}) {
      if (tokens[i].is(kind)) return true;
    }
  }
  return tokens[0].is("grant") || tokens[0].is("revoke");
}

// Everything that the catalog says about the named objects, one text for each fact, sorted. Object identifiers are part of
// it: a table that was dropped and made again is not the same.
const std::string facts_sql = R"(
  with names as (select unnest({names}) as name),
  last as (select name, (parse_ident(name))[array_upper(parse_ident(name), 1)] as word from names),
  rel as (select distinct to_regclass(name)::oid as oid from names where to_regclass(name) is not null),
  related as (select oid from rel
              union select i.indexrelid from pg_index i join rel on rel.oid = i.indrelid
              union select i.indrelid from pg_index i join rel on rel.oid = i.indexrelid),
  facts as (
    select 'relation ' || c.oid || ' ' || concat_ws('|', c.relnamespace, c.relname, c.relkind, c.relpersistence, c.relrowsecurity,
             c.relforcerowsecurity, c.relreplident, c.reltablespace, c.relispartition, pg_get_expr(c.relpartbound, c.oid),
             c.reloptions, c.relacl, c.relowner, case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end) as fact
      from pg_class c join related on related.oid = c.oid
    union all
    select 'column ' || a.attrelid || ' ' || concat_ws('|', a.attnum, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
             a.attidentity, a.attgenerated, a.attcollation, a.attstorage, a.attstattarget, a.attisdropped, a.attacl, a.attoptions,
             pg_get_expr(d.adbin, d.adrelid))
      from pg_attribute a join related on related.oid = a.attrelid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
     where a.attnum > 0
    union all
    select 'constraint ' || k.oid || ' ' || k.conname || ' ' || pg_get_constraintdef(k.oid) || k.convalidated
      from pg_constraint k where k.conrelid in (select oid from related) or k.confrelid in (select oid from related)
    union all
    select 'index ' || i.indexrelid || ' ' || pg_get_indexdef(i.indexrelid) || concat_ws('|', i.indisvalid, i.indisready,
             i.indisclustered, i.indisreplident)
      from pg_index i where i.indexrelid in (select oid from related)
    union all
    select 'trigger ' || t.oid || ' ' || t.tgenabled::text || pg_get_triggerdef(t.oid)
      from pg_trigger t where t.tgrelid in (select oid from related) and not t.tgisinternal
    union all
    select 'policy ' || p.oid || ' ' || concat_ws('|', p.polname, p.polcmd, p.polpermissive, p.polroles,
             pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
      from pg_policy p where p.polrelid in (select oid from related)
    union all
    select 'sequence ' || s.seqrelid || ' ' || concat_ws('|', s.seqtypid, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle)
      from pg_sequence s where s.seqrelid in (select oid from related)
    union all
    select 'inherits ' || h.inhrelid || ' ' || h.inhparent from pg_inherits h
     where h.inhrelid in (select oid from related) or h.inhparent in (select oid from related)
    union all
    select 'description ' || d.classoid || ' ' || d.objoid || ' ' || d.objsubid || ' ' || d.description
      from pg_description d
     where d.objoid in (select oid from related
                        union all select k.oid from pg_constraint k where k.conrelid in (select oid from related)
                        union all select t.oid from pg_trigger t where t.tgrelid in (select oid from related)
                        union all select p.oid from pg_policy p where p.polrelid in (select oid from related)
                        union all select t.oid from pg_type t join last on last.word = t.typname
                        union all select p.oid from pg_proc p join last on last.word = p.proname where p.oid >= 16384
                        union all select n.oid from pg_namespace n join last on last.word = n.nspname)
    union all
    select 'depends ' || d.objid || ' ' || d.refobjid || ' ' || d.refobjsubid || d.deptype::text
      from pg_depend d where d.deptype in ('a', 'x') and (d.objid in (select oid from related) or d.refobjid in (select oid from related))
    union all
    select 'type ' || t.oid || ' ' || concat_ws('|', t.typname, t.typnamespace, t.typtype, t.typnotnull, t.typdefault, t.typbasetype, t.typtypmod, t.typacl,
             (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid),
             (select array_agg(k.conname || pg_get_constraintdef(k.oid) || k.convalidated order by k.oid) from pg_constraint k where k.contypid = t.oid))
      from pg_type t join last on last.word = t.typname
    union all
    select 'routine ' || p.oid || ' ' || concat_ws('|', p.pronamespace, p.proacl, p.proowner) ||
           case when p.prokind in ('f', 'p') then pg_get_functiondef(p.oid) else p.prosrc end
      from pg_proc p join last on last.word = p.proname
     where p.oid >= 16384
    union all
    select 'schema ' || n.oid || ' ' || n.nspname || coalesce(n.nspacl::text, '') || n.nspowner from pg_namespace n join last on last.word = n.nspname
    union all
    select 'extension ' || e.oid || ' ' || e.extname || e.extversion || e.extnamespace from pg_extension e join last on last.word = e.extname
  )
  select count(*), md5(coalesce(string_agg(fact, E'\n' order by fact), '')) from facts)";

}  // namespace

std::string session_setup(const RunTimeouts& timeouts) {
  return "SET lock_timeout = " + std::to_string(timeouts.lock.count()) + "; SET statement_timeout = " + std::to_string(timeouts.statement.count()) +
         "; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = warning; SET standard_conforming_strings = on";
}

std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key) { return std::make_unique<AdvisoryLock>(connection, key); }

std::string cleanup_before(Connection& connection, const Statement& statement) {
  const auto tokens = tokenize(statement.text, lexical_rules());
  bool concurrently = false;
  for (std::size_t i = 0; i < tokens.size() && i < 6; ++i) concurrently = concurrently || tokens[i].is("concurrently");
  if (!concurrently || tokens.empty() || (!tokens[0].is("create") && !tokens[0].is("reindex"))) return {};
  // REINDEX CONCURRENTLY leaves a copy with _ccnew behind on the same table.
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(R"(
    with named as (select pg_catalog.to_regclass(name)::oid as oid from unnest()" + name_array(names) + R"() as name)
    select format('DROP INDEX IF EXISTS %s', i.indexrelid::regclass)
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
     where not i.indisvalid
       and c.relkind = 'i'
       and (i.indexrelid in (select oid from named) or (c.relname ~ '_ccnew[0-9]*$' and
            i.indrelid in (select oid from named union select indrelid from pg_catalog.pg_index x join named on named.oid = x.indexrelid))))");
  std::string sql;
  for (const auto& row : result.rows) sql += (sql.empty() ? "" : "; ") + row[0].value_or("");
  return sql;
}

std::vector<std::string> blockers(Connection& connection, const Statement& statement) {
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(R"(
    select 'process ' || a.pid || ' (' || coalesce(a.usename, '?') || '@' || coalesce(host(a.client_addr), 'local') ||
           coalesce(', ' || nullif(a.application_name, ''), '') || ') holds ' || string_agg(distinct l.mode || ' on ' || l.relation::regclass, ', ') ||
           ', ' || coalesce(a.state, 'working') || coalesce(', transaction open since ' || to_char(a.xact_start, 'HH24:MI:SS'), '') ||
           coalesce(': ' || nullif(left(regexp_replace(a.query, '\s+', ' ', 'g'), 120), ''), '')
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

Fingerprint fingerprint(Connection& connection, const ServerInfo&, const Statement& statement) {
  if (!is_visible(statement)) return {};
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(replace_all(facts_sql, "{names}", name_array(names)));
  return {true, result.rows.at(0).at(1).value_or("")};
}

}  // namespace migrate::postgresql
