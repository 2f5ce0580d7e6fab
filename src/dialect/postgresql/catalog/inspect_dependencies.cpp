/// What stands on what, from pg_depend.
#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql::catalog {
namespace {

// A part stands for its owner: a default, a check or an index for the table, a view's rule for the view, the row of a composite type for
// the type; what a part needs of its own table (most rows of the catalog) is left out first. A type that is an array or the row of a
// relation stands for its element or relation. Foreign keys are left out: they are values of their own.
const std::string dependencies_sql = R"(
  with told as materialized (
    select classid, objid, refclassid, refobjid, refobjsubid
      from pg_catalog.pg_depend
     where classid in (1247, 1255, 1259, 2604, 2606, 2618, 2620, 3256, 3381)
       and refclassid in (1247, 1255, 1259)
       and deptype in ('n', 'a')
       and refobjid >= 16384),
  needs as materialized (
    select case when r.rulename = '_RETURN' then 1259 else 2618 end as classid, case when r.rulename = '_RETURN' then r.ev_class else r.oid end as objid,
           d.refclassid, d.refobjid, d.refobjsubid
      from told d join pg_catalog.pg_rewrite r on r.oid = d.objid where d.classid = 2618
    union all
    select 1259, a.adrelid, d.refclassid, d.refobjid, d.refobjsubid
      from told d join pg_catalog.pg_attrdef a on a.oid = d.objid where d.classid = 2604 and (d.refclassid <> 1259 or a.adrelid <> d.refobjid)
    union all
    select case when k.conrelid <> 0 then 1259 else 1247 end, case when k.conrelid <> 0 then k.conrelid else k.contypid end,
           d.refclassid, d.refobjid, d.refobjsubid
      from told d join pg_catalog.pg_constraint k on k.oid = d.objid where d.classid = 2606 and k.contype <> 'f'
       and (d.refclassid <> 1259 or k.conrelid <> d.refobjid)
    union all
    select case when c.relkind = 'c' then 1247 else 1259 end, case when c.relkind = 'c' then c.reltype else coalesce(x.indrelid, c.oid) end,
           d.refclassid, d.refobjid, d.refobjsubid
      from told d join pg_catalog.pg_class c on c.oid = d.objid left join pg_catalog.pg_index x on x.indexrelid = c.oid
     where d.classid = 1259 and c.relkind not in ('S', 't') and (d.refclassid <> 1259 or x.indrelid is distinct from d.refobjid)
    union all
    select classid, objid, refclassid, refobjid, refobjsubid from told where classid not in (1259, 2604, 2606, 2618))
  select d.classid, d.objid, case when o.oid is not null then 1259 else d.refclassid end, coalesce(o.oid, e.oid, d.refobjid), n.attname,
         ns.nspname, coalesce(o.relname, e.typname, m.relname, p.proname), pg_catalog.oidvectortypes(p.proargtypes)
    from needs d
    left join pg_catalog.pg_type t on d.refclassid = 1247 and t.oid = d.refobjid
    left join pg_catalog.pg_type e on e.oid = case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else t.oid end
    left join pg_catalog.pg_class o on o.oid = e.typrelid and o.relkind <> 'c'
    left join pg_catalog.pg_attribute n on d.refclassid = 1259 and d.refobjsubid > 0 and n.attrelid = d.refobjid and n.attnum = d.refobjsubid
    left join pg_catalog.pg_class m on d.refclassid = 1259 and m.oid = d.refobjid
    left join pg_catalog.pg_proc p on d.refclassid = 1255 and p.oid = d.refobjid
    join pg_catalog.pg_namespace ns on ns.oid = coalesce(o.relnamespace, e.typnamespace, m.relnamespace, p.pronamespace))";

/// What is not inspected (another schema's, for one) is known by its name only.
ObjectId needed_object(Inspection& inspection, Oid catalog, Oid oid, Fields& fields) {
  const auto known = inspection.ids.find(Inspection::key(catalog, oid));
  if (known != inspection.ids.end()) return known->second;
  const auto schema = fields.text();
  ObjectId object{.kind = catalog == procedures ? ObjectId::Kind::routine : catalog == types ? ObjectId::Kind::type : ObjectId::Kind::relation,
                  .name = inspection.name(schema, fields.text()), .part = {}};
  std::vector<std::string> arguments;
  for (const auto& type : migrate::split(fields.text(), ',')) arguments.push_back(argument_type(inspection.canonical(type)));
  object.part = join(arguments, ", ");
  return object;
}

void read_dependencies(Inspection& inspection, const Result& result) {
  auto& needs = inspection.schema.dependencies.needs;
  std::set<std::pair<ObjectId, ObjectId>> whole;  // what stands on all of it says so by naming no column
  for (const auto& row : result.rows) {
    Fields fields(row);
    const auto object_catalog = fields.oid();
    const auto object = inspection.ids.find(Inspection::key(object_catalog, fields.oid()));
    if (object == inspection.ids.end()) continue;
    const auto catalog = fields.oid();
    const auto oid = fields.oid();
    const auto column = fields.text();
    const auto needed = needed_object(inspection, catalog, oid, fields);
    if (object->second == needed) continue;
    auto& list = needs[object->second];
    auto found = std::find_if(list.begin(), list.end(), [&](const Need& need) { return need.on == needed; });
    if (found == list.end()) found = list.insert(list.end(), {needed, {}});
    if (column.empty()) {
      found->columns.clear();
      whole.emplace(object->second, needed);
    }
    if (!column.empty() && !whole.contains({object->second, needed}) && std::find(found->columns.begin(), found->columns.end(), column) == found->columns.end()) found->columns.push_back(column);
  }
}

}  // namespace

std::vector<Query> dependency_queries(Inspection& inspection) {
  if (!inspection.options.tables.empty()) return {};
  inspection.schema.dependencies.complete = true;
  return {{dependencies_sql, [&inspection](const Result& result) { read_dependencies(inspection, result); }}};
}

}  // namespace migrate::postgresql::catalog
