#include "dialect/postgresql/catalog/access.hpp"

#include <array>
#include <map>

#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/access.hpp"

namespace migrate::postgresql {
namespace {

using PlaceKind = AccessPlace::Kind;

/// A privilege a row; an object without any has a row with none. What nobody changed is what acldefault() says.
const std::string objects_sql = R"(
  with objects as (
    select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end as kind, n.nspname, c.relname as name,
           '' as part, c.relowner as owner, coalesce(c.relacl, pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner)) as acl
      from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
    union all
    select 'column', n.nspname, c.relname, a.attname, c.relowner, a.attacl
      from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where a.attacl is not null and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'p', 'f')
    union all
    select case p.prokind when 'p' then 'procedure' else 'function' end, n.nspname, p.proname,
           pg_catalog.oidvectortypes(p.proargtypes), p.proowner, coalesce(p.proacl, pg_catalog.acldefault('f', p.proowner))
      from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where p.prokind in ('f', 'p', 'w')
    union all
    select 'type', n.nspname, t.typname, '', t.typowner, coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))
      from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
     where t.typtype in ('e', 'd', 'r') or (t.typtype = 'c' and exists (select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'))
    union all
    select 'schema', n.nspname, '', '', n.nspowner, coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)) from pg_catalog.pg_namespace n)
  select o.kind, o.nspname, o.name, o.part, pg_catalog.pg_get_userbyid(o.owner), a.privilege_type,
         case when a.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end,
         case when a.grantor = o.owner then '' else pg_catalog.pg_get_userbyid(a.grantor) end, a.is_grantable
    from objects o left join lateral pg_catalog.aclexplode(o.acl) a on true
   where o.nspname in ({schemas}))";

const std::string defaults_sql = R"(
  select coalesce(n.nspname, '*'), pg_catalog.pg_get_userbyid(d.defaclrole),
         case d.defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' when 'T' then 'types' when 'n' then 'schemas' else d.defaclobjtype::text end,
         a.privilege_type, case when a.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(a.grantee) end, '', a.is_grantable
    from pg_catalog.pg_default_acl d left join pg_catalog.pg_namespace n on n.oid = d.defaclnamespace left join lateral pg_catalog.aclexplode(d.defaclacl) a on true
   where n.nspname is null or n.nspname in ({schemas}))";

const std::string implied_sql = R"(
  select k.kind, a.privilege_type, case when a.grantee = 0 then 'public' else '' end, '', a.is_grantable
    from (values ('table', 'r'::"char"), ('sequence', 's'), ('function', 'f'), ('type', 'T'), ('schema', 'n')) as k (kind, type),
         pg_catalog.pg_roles r, lateral pg_catalog.aclexplode(pg_catalog.acldefault(k.type, r.oid)) a
   where r.rolname = current_user)";

PlaceKind kind_of(const std::string& word) {
  static const std::map<std::string, PlaceKind> kinds{{"table", PlaceKind::table}, {"view", PlaceKind::view}, {"materialized view", PlaceKind::materialized_view}, {"sequence", PlaceKind::sequence},
                                                 {"column", PlaceKind::column}, {"function", PlaceKind::function}, {"procedure", PlaceKind::procedure}, {"type", PlaceKind::type},
                                                 {"schema", PlaceKind::schema}};
  return kinds.at(word);
}

/// privilege, to, by, grantable; nothing where there is none.
void add_grant(catalog::Fields& fields, std::vector<Grant>& grants) {
  if (fields.null()) return;
  Grant grant;
  grant.privilege = lower(fields.text());
  grant.to = fields.text();
  grant.by = fields.text();
  grant.grantable = fields.flag();
  grants.push_back(std::move(grant));
}

/// As inspection has them: types of the default schema without it, whatever the search path is.
std::string arguments_of(const std::string& printed, const std::string& default_schema) {
  std::vector<std::string> arguments;
  for (const auto& type : migrate::split(replace_qualifier(printed, default_schema, ""), ',')) arguments.push_back(argument_type(canonical_type(trim(type), {}, default_schema)));
  return join(arguments, ", ");
}

void sort_all(std::map<AccessPlace, Access>& places) {
  for (auto& [place, access] : places) std::sort(access.grants->begin(), access.grants->end());
}

}  // namespace

void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also) {
  const auto own = server.default_schema.empty() ? std::string("public") : server.default_schema;
  std::set<std::string> schemas = also;
  schemas.insert(live.schemas.begin(), live.schemas.end());
  std::vector<std::string> quoted{quote_text(own)};
  for (const auto& schema : schemas) {
    if (!schema.empty()) quoted.push_back(quote_text(schema));
  }
  const auto list = join(quoted, ", ");
  const std::array<std::string, 5> queries{replace_all(objects_sql, "{schemas}", list), replace_all(defaults_sql, "{schemas}", list), implied_sql, "select rolname from pg_catalog.pg_roles",
                                           "select current_user"};
  const auto results = connection.query_all(queries);
  const auto named = [&](const std::string& schema) { return schema == own ? std::string() : schema; };
  std::map<AccessPlace, Access> found;
  for (const auto& row : results[0].rows) {
    catalog::Fields fields(row);
    AccessPlace place;
    place.kind = kind_of(fields.text());
    place.name.schema = named(fields.text());
    place.name.name = fields.text();
    place.part = fields.text();
    if (place.kind == PlaceKind::function || place.kind == PlaceKind::procedure) place.part = arguments_of(place.part, own);
    auto& access = found[std::move(place)];
    const auto owner = fields.text();
    if (!access.grants) access = {.owner = owner, .grants = std::vector<Grant>{}};
    add_grant(fields, *access.grants);
  }
  sort_all(found);
  for_each_access(live, [&](const AccessPlace& place, Declaration& said) {
    const auto it = found.find(place);
    said.access = it == found.end() ? Access{.owner = {}, .grants = std::vector<Grant>{}} : it->second;  // a column that nobody was given
  });
  live.rights.access = found;
  auto& all = live.access;
  for (auto& [place, access] : found) {
    if (place.kind == PlaceKind::schema) all.places.emplace(place, std::move(access));
  }
  std::map<AccessPlace, Access> defaults;
  for (const auto& row : results[1].rows) {
    catalog::Fields fields(row);
    AccessPlace place{PlaceKind::defaults, {}, {}};
    place.name.schema = named(fields.text());
    place.name.name = fields.text();
    place.part = fields.text();
    auto& access = defaults[place];
    if (!access.grants) access.grants.emplace();
    add_grant(fields, *access.grants);
  }
  sort_all(defaults);
  all.places.merge(defaults);
  for (const auto& row : results[2].rows) {
    catalog::Fields fields(row);
    const auto kind = kind_of(fields.text());
    std::vector<PlaceKind> like{kind};
    if (kind == PlaceKind::table) like = {PlaceKind::table, PlaceKind::view, PlaceKind::materialized_view};
    if (kind == PlaceKind::function) like = {PlaceKind::function, PlaceKind::procedure};
    std::vector<Grant> grants;
    add_grant(fields, grants);
    for (const auto same : like) all.implied[same].push_back(grants.front());
  }
  for (auto& name : first_column(results[3])) all.roles.insert(std::move(name));
  all.role = first_column(results[4]).front();
}

}  // namespace migrate::postgresql
