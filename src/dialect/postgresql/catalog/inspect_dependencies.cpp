/// What stands on what, from pg_depend.
#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql::catalog {
namespace {

// A part stands for its owner: a default, a check or an index for the table, a view's rule for the view, the row of a composite type for
// the type. A type that is an array or the row of a relation stands for its element or relation. Foreign keys are left out: they are
// values of their own.
const std::string dependencies_sql = R"(
  select case when d.classid = 2618 and r.rulename <> '_RETURN' then 2618
              when d.classid in (2618, 2604) or (d.classid = 2606 and k.conrelid <> 0) then 1259
              when d.classid = 2606 or c.relkind = 'c' then 1247
              else d.classid end,
         case when d.classid = 2618 and r.rulename = '_RETURN' then r.ev_class
              when d.classid = 2604 then a.adrelid
              when d.classid = 2606 then coalesce(nullif(k.conrelid, 0), k.contypid)
              when c.relkind = 'c' then c.reltype
              when x.indrelid is not null then x.indrelid
              else d.objid end,
         case when o.oid is not null then 1259 else d.refclassid end,
         coalesce(o.oid, e.oid, d.refobjid), n.attname,
         ns.nspname, coalesce(o.relname, e.typname, m.relname, p.proname), pg_catalog.oidvectortypes(p.proargtypes)
    from pg_catalog.pg_depend d
    left join pg_catalog.pg_rewrite r on d.classid = 2618 and r.oid = d.objid
    left join pg_catalog.pg_attrdef a on d.classid = 2604 and a.oid = d.objid
    left join pg_catalog.pg_constraint k on d.classid = 2606 and k.oid = d.objid
    left join pg_catalog.pg_class c on d.classid = 1259 and c.oid = d.objid
    left join pg_catalog.pg_index x on d.classid = 1259 and x.indexrelid = d.objid
    left join pg_catalog.pg_type t on d.refclassid = 1247 and t.oid = d.refobjid
    left join pg_catalog.pg_type e on e.oid = case when t.typcategory = 'A' and t.typelem <> 0 then t.typelem else t.oid end
    left join pg_catalog.pg_class o on o.oid = e.typrelid and o.relkind <> 'c'
    left join pg_catalog.pg_attribute n on d.refclassid = 1259 and d.refobjsubid > 0 and n.attrelid = d.refobjid and n.attnum = d.refobjsubid
    left join pg_catalog.pg_class m on d.refclassid = 1259 and m.oid = d.refobjid
    left join pg_catalog.pg_proc p on d.refclassid = 1255 and p.oid = d.refobjid
    join pg_catalog.pg_namespace ns on ns.oid = coalesce(o.relnamespace, e.typnamespace, m.relnamespace, p.pronamespace)
   where d.classid in (1247, 1255, 1259, 2604, 2606, 2618, 2620, 3256, 3381)
     and d.refclassid in (1247, 1255, 1259)
     and d.deptype in ('n', 'a')
     and d.refobjid >= 16384
     and coalesce(k.contype, 'c') <> 'f'
     and coalesce(c.relkind, 'r') not in ('S', 't'))";

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
