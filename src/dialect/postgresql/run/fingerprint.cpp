#include "dialect/postgresql/run/fingerprint.hpp"

#include "core/text.hpp"
#include "dialect/postgresql/sql/classify.hpp"
#include "dialect/postgresql/sql/names.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

/// Whether the catalog shows what a statement of this kind does.
bool is_visible(const Statement& statement) {
  if (classify(statement) != StatementClass::definition) return false;
  const auto tokens = tokens_of(statement, lexical_rules());
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

Fingerprint fingerprint(Connection& connection, const Statement& statement) {
  if (!is_visible(statement)) return {};
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(replace_all(facts_sql, "{names}", name_array(names)));
  return {true, result.rows.at(0).at(1).value_or("")};
}

}  // namespace migrate::postgresql
