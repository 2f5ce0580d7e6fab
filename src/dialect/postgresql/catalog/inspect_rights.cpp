/// Owners and privileges of what may have to be made again: on the way forth views, routines, types, on the way back whatever was dropped.
#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"

namespace migrate::postgresql::catalog {
namespace {

// An owner that is the role in hand needs no word: what is made again is its own. Privileges that an object has from the start (its
// owner's, and PUBLIC's on routines and types) need none either; where they were taken away, that is said.
const std::string rights_sql = R"(
  with objects as (
    select 1259 as catalog, c.oid, case c.relkind when 'S' then 's' else 'r' end::"char" as type, case c.relkind when 'S' then 'SEQUENCE' else 'TABLE' end as kind,
           c.relowner as owner, c.relacl as acl
      from pg_catalog.pg_class c where c.relkind in ('v', 'm', 'r', 'p', 'S') and c.oid >= 16384
    union all
    select 1255, p.oid, 'f', case p.prokind when 'p' then 'PROCEDURE' else 'FUNCTION' end, p.proowner, p.proacl
      from pg_catalog.pg_proc p where p.prokind in ('f', 'p', 'w') and p.oid >= 16384
    union all
    select 1247, t.oid, 'T', 'TYPE', t.typowner, t.typacl
      from pg_catalog.pg_type t where t.typtype in ('e', 'd', 'c', 'r') and t.oid >= 16384),
  special as (
    select * from objects where acl is not null or owner <> (select oid from pg_catalog.pg_roles where rolname = current_user)),
  granted as (
    select o.catalog, o.oid, o.type, o.kind, o.owner, a.grantee, a.is_grantable, a.privilege_type,
           case when a.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) end as name
      from special o, pg_catalog.aclexplode(o.acl) a)
  select catalog, oid, 1 as turn, '' as part,
         'ALTER ' || kind || ' {} OWNER TO ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(owner))
    from special where owner <> (select oid from pg_catalog.pg_roles where rolname = current_user)
  union all
  select catalog, oid, 2, '', 'REVOKE ALL ON ' || kind || ' {} FROM PUBLIC'
    from special o
   where type in ('f', 'T') and acl is not null and not exists (select from pg_catalog.aclexplode(o.acl) a where a.grantee = 0)
  union all
  select o.catalog, o.oid, 3, '', 'REVOKE ' || d.privilege_type || ' ON ' || o.kind || ' {} FROM ' || pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(o.owner))
    from special o, pg_catalog.aclexplode(pg_catalog.acldefault(o.type, o.owner)) d
   where o.acl is not null and d.grantee = o.owner
     and not exists (select from pg_catalog.aclexplode(o.acl) a where a.grantee = o.owner and a.privilege_type = d.privilege_type)
  union all
  select catalog, oid, 4, '', 'GRANT ' || pg_catalog.string_agg(privilege_type, ', ' order by privilege_type) || ' ON ' || kind || ' {} TO ' || name ||
         case when is_grantable then ' WITH GRANT OPTION' else '' end
    from granted where grantee <> owner and not (grantee = 0 and type in ('f', 'T'))
   group by catalog, oid, kind, name, is_grantable
  union all
  select 1259, c.oid, 5, a.attname, 'GRANT ' || x.privilege_type || ' (' || pg_catalog.quote_ident(a.attname) || ') ON TABLE {} TO ' ||
         case when x.grantee = 0 then 'PUBLIC' else pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(x.grantee)) end || case when x.is_grantable then ' WITH GRANT OPTION' else '' end
    from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attacl is not null, pg_catalog.aclexplode(a.attacl) x
   where c.relkind in ('v', 'm', 'r', 'p')
  union all
  select 1259, c.oid, 6, a.attname, 'ALTER VIEW {} ALTER COLUMN ' || pg_catalog.quote_ident(a.attname) || ' SET DEFAULT ' || pg_catalog.pg_get_expr(d.adbin, d.adrelid)
    from pg_catalog.pg_class c join pg_catalog.pg_attrdef d on d.adrelid = c.oid join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum = d.adnum
   where c.relkind = 'v'
   order by 1, 2, 3, 4, 5)";

}  // namespace

std::vector<Query> rights_queries(Inspection& inspection) {
  if (!inspection.options.tables.empty()) return {};
  return {{rights_sql, [&inspection](const Result& result) {
             for (const auto& row : result.rows) {
               Fields fields(row);
               const auto catalog = fields.oid();
               const auto object = inspection.ids.find(Inspection::key(catalog, fields.oid()));
               if (object == inspection.ids.end()) continue;
               fields.skip();
               auto column = fields.text();
               inspection.schema.rights.given[object->second].push_back({fields.text(), std::move(column)});
             }
           }}};
}

}  // namespace migrate::postgresql::catalog
