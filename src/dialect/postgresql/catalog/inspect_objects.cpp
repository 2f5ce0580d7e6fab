/// Types, sequences, routines, triggers and policies.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/sequences.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql::catalog {
namespace {

const std::string enums_sql = R"(
  select t.oid, n.nspname, t.typname, pg_catalog.array_agg(e.enumlabel order by e.enumsortorder)
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    left join pg_catalog.pg_enum e on e.enumtypid = t.oid
   where t.typtype = 'e'
     and n.nspname {in_schemas}
   group by t.oid, n.nspname, t.typname
   order by n.nspname = {default} desc, n.nspname, t.typname)";

void read_enum(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  EnumType type;
  type.name = inspection.name(schema, fields.text());
  if (inspection.extension_owns(types, oid) || !inspection.wanted("enum", type.name)) return;
  if (row[3] && *row[3] != "{NULL}") type.values = fields.list();
  type.comment = inspection.comment(types, oid);
  inspection.ids[Inspection::key(types, oid)] = {.kind = ObjectId::Kind::type, .name = type.name};
  inspection.schema.enums.push_back(std::move(type));
}

const std::string domains_sql = R"(
  select t.oid, n.nspname, t.typname, pg_catalog.format_type(t.typbasetype, t.typtypmod), t.typnotnull,
         pg_catalog.pg_get_expr(t.typdefaultbin, 0), o.collname, kn.nspname,
         array(select k.oid || '|' || k.convalidated
                 from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c' order by k.conname),
         array(select k.conname
                 from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c' order by k.conname),
         array(select pg_catalog.pg_get_expr(k.conbin, 0)
                 from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c' order by k.conname)
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_type b on b.oid = t.typbasetype
    left join pg_catalog.pg_collation o on o.oid = t.typcollation and t.typcollation <> b.typcollation
    left join pg_catalog.pg_namespace kn on kn.oid = o.collnamespace
   where t.typtype = 'd'
     and n.nspname {in_schemas}
   order by n.nspname = {default} desc, n.nspname, t.typname)";

void read_domain(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  Domain domain;
  domain.name = inspection.name(schema, fields.text());
  if (inspection.extension_owns(types, oid) || !inspection.wanted("domain", domain.name)) return;
  domain.type = inspection.canonical(fields.text());
  domain.nullable = !fields.flag();
  if (const auto value = fields.value()) domain.default_value = default_from_sql(*value, domain.type);
  const auto collation = fields.text();
  domain.collation = inspection.collation(fields.text(), collation);
  const auto facts = fields.list();
  const auto names = fields.list();
  const auto expressions = fields.list();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto bar = facts[i].find('|');
    Check check;
    check.name = names[i];
    check.expression = strip_parentheses(expressions[i]);
    check.not_valid = facts[i].substr(bar + 1).starts_with('f');
    check.comment = inspection.comment(constraints, static_cast<Oid>(std::stoul(facts[i].substr(0, bar))));
    domain.checks.push_back(std::move(check));
  }
  domain.comment = inspection.comment(types, oid);
  inspection.ids[Inspection::key(types, oid)] = {.kind = ObjectId::Kind::type, .name = domain.name};
  inspection.schema.domains.push_back(std::move(domain));
}

const std::string composites_sql = R"(
  select t.oid, n.nspname, t.typname, c.oid,
         array(select pg_catalog.quote_ident(a.attname) || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod) ||
                      case when a.attcollation <> b.typcollation then
                        ' COLLATE ' || (select a.attcollation::pg_catalog.regcollation::text) else '' end
                 from pg_catalog.pg_attribute a
                 join pg_catalog.pg_type b on b.oid = a.atttypid
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum)
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid and c.relkind = 'c'
   where t.typtype = 'c'
     and n.nspname {in_schemas}
   order by n.nspname = {default} desc, n.nspname, t.typname)";

void add_type(Inspection& inspection, Oid oid, const QualifiedName& name, const std::string& definition) {
  if (inspection.extension_owns(types, oid) || !inspection.wanted("type", name)) return;
  inspection.ids[Inspection::key(types, oid)] = {.kind = ObjectId::Kind::type, .name = name};
  inspection.schema.definitions.push_back({.kind = "type",
                                           .name = name,
                                           .definition = "CREATE TYPE " + quote_name(name) + " AS " + definition,
                                           .comment = inspection.comment(types, oid)});
}

void read_composite(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  const auto name = inspection.name(schema, fields.text());
  fields.skip();
  const auto attributes = fields.list();
  add_type(inspection, oid, name, attributes.empty() ? "()" : "(\n  " + join(attributes, ",\n  ") + "\n)");
}

const std::string ranges_sql = R"(
  select t.oid, n.nspname, t.typname, pg_catalog.format_type(r.rngsubtype, null),
         case when not o.opcdefault then pg_catalog.quote_ident(o.opcname) end,
         case when r.rngcollation <> s.typcollation then pg_catalog.quote_ident(k.collname) end,
         nullif(r.rngcanonical::pg_catalog.regproc::text, '-'), nullif(r.rngsubdiff::pg_catalog.regproc::text, '-'),
         {multirange}
    from pg_catalog.pg_range r
    join pg_catalog.pg_type t on t.oid = r.rngtypid
    join pg_catalog.pg_type s on s.oid = r.rngsubtype
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_opclass o on o.oid = r.rngsubopc
    left join pg_catalog.pg_collation k on k.oid = r.rngcollation
   where n.nspname {in_schemas}
   order by n.nspname = {default} desc, n.nspname, t.typname)";

/// The name that the server gives a range's multirange by itself.
std::string default_multirange(const std::string& range) {
  const auto at = range.find("range");
  return at == std::string::npos ? range + "_multirange" : range.substr(0, at) + "multi" + range.substr(at);
}

void read_range(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  const auto name = inspection.name(schema, fields.text());
  std::vector<std::string> parts{"subtype = " + fields.text()};
  for (const auto* key : {"subtype_opclass", "collation", "canonical", "subtype_diff"}) {
    if (const auto value = fields.text(); !value.empty()) parts.push_back(std::string(key) + " = " + value);
  }
  if (const auto multi = fields.text(); !multi.empty() && multi != default_multirange(name.name)) {
    parts.push_back("multirange_type_name = " + quote_name(multi));
  }
  add_type(inspection, oid, name, "RANGE (\n  " + join(parts, ",\n  ") + "\n)");
}

const std::string sequences_sql = R"(
  select c.oid, n.nspname, c.relname, pg_catalog.format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax,
         s.seqcache, s.seqcycle, d.deptype, d.refobjid, d.refobjsubid, c.oid::pg_catalog.regclass::text, c.relpersistence = 'u',
         o.relname, onn.nspname, oa.attname
    from pg_catalog.pg_sequence s
    join pg_catalog.pg_class c on c.oid = s.seqrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_depend d on d.classid = 1259 and d.objid = c.oid and d.objsubid = 0 and d.refclassid = 1259
                                    and d.refobjsubid > 0 and d.deptype in ('a', 'i')
    left join pg_catalog.pg_class o on o.oid = d.refobjid
    left join pg_catalog.pg_namespace onn on onn.oid = o.relnamespace
    left join pg_catalog.pg_attribute oa on oa.attrelid = d.refobjid and oa.attnum = d.refobjsubid
   where c.relpersistence <> 't'
     and (n.nspname {in_schemas} or onn.nspname {in_schemas})
   order by n.nspname = {default} desc, n.nspname, c.relname)";

struct Owner {
  std::string link;  ///< pg_depend.deptype: "i" identity, "a" owned by, "" free
  Relation* relation = nullptr;
  Column* column = nullptr;
};

Owner read_owner(Inspection& inspection, Fields& fields) {
  Owner owner;
  owner.link = fields.text();
  if (owner.link.empty()) {
    fields.skip();
    fields.skip();
    return owner;
  }
  owner.relation = inspection.relation(fields.oid());
  const auto number = static_cast<std::size_t>(fields.number());
  if (owner.relation == nullptr || owner.relation->table == nullptr) return owner;
  const auto& name = owner.relation->columns.at(number - 1);
  for (auto& column : owner.relation->table->columns) {
    if (column.name == name) owner.column = &column;
  }
  return owner;
}

/// A default over the sequence that the column owns: a serial, whatever the sequence is called. One that is narrower than
/// the column is what ALTER COLUMN TYPE leaves behind; one that is wider was somebody's intention.
bool is_serial(const Column& column, const std::string& sequence_type, const std::string& sequence_text) {
  const bool fits = column.type == sequence_type || column.type == "bigint" || sequence_type == "smallint";
  return fits && !column.nullable && column.default_value && column.default_value->expression && is_integer_type(column.type) &&
         column.default_value->text == "nextval('" + replace_all(sequence_text, "'", "''") + "'::regclass)";
}

void read_sequence(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  Sequence sequence;
  sequence.name = inspection.name(schema, fields.text());
  sequence.type = inspection.canonical(fields.text());
  auto& options = sequence.sequence;
  options.start = fields.value();
  options.increment = fields.value();
  options.min = fields.value();
  options.max = fields.value();
  options.cache = fields.value();
  options.cycle = fields.flag();
  const auto owner = read_owner(inspection, fields);
  const auto text = fields.text();
  if (fields.flag()) sequence.options["unlogged"] = "true";
  // A table that was renamed keeps the old name of its sequence: kept aside, since it says nothing about the column.
  const auto remember_name = [&] {
    const auto& table = owner.relation->table->name;
    if (sequence.name != QualifiedName{table.schema, object_name(table.name, owner.column->name, "seq")}) {
      owner.column->declared.spelling["sequence"] = quote_name(sequence.name);
    }
  };
  if (owner.link == "i") {
    if (owner.column == nullptr || !owner.column->identity) return;
    remember_name();
    // The type of an identity's sequence is the column's.
    drop_default_options(options, owner.column->type);
    owner.column->identity->sequence = options;
    return;
  }
  if (owner.column != nullptr && is_serial(*owner.column, sequence.type, text)) {
    drop_default_options(options, owner.column->type);
    owner.column->identity = Identity{Identity::Kind::serial, options};
    remember_name();
    owner.column->default_value.reset();
    return;
  }
  if (inspection.extension_owns(relations, oid) || !inspection.options.tables.empty()) return;
  if (!inspection.wanted("sequence", sequence.name)) return;
  if (!owner.link.empty()) {
    const auto table = fields.text();
    const auto owner_schema = fields.text();
    if (owner.relation == nullptr) return;  // it belongs to a table that is not looked at
    sequence.owned_by = inspection.name(owner_schema, table).text() + "." + fields.text();
  }
  drop_default_options(options, sequence.type);
  sequence.comment = inspection.comment(relations, oid);
  inspection.ids[Inspection::key(relations, oid)] = {.kind = ObjectId::Kind::relation, .name = sequence.name};
  inspection.schema.sequences.push_back(std::move(sequence));
}

const std::string routines_sql = R"(
  select p.oid, n.nspname, p.proname, p.prokind = 'p', pg_catalog.oidvectortypes(p.proargtypes), pg_catalog.pg_get_functiondef(p.oid)
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where p.prokind in ('f', 'p', 'w')
     and n.nspname {in_schemas}
     and not exists (select from pg_catalog.pg_depend d where d.classid = 1255 and d.objid = p.oid and d.deptype in ('e', 'i'))
   order by n.nspname = {default} desc, n.nspname, p.proname, 5)";

/// pg_get_functiondef() qualifies the name always.
std::string routine_definition(std::string text, const Inspection& inspection, const QualifiedName& name, bool procedure) {
  const std::string start = std::string("CREATE OR REPLACE ") + (procedure ? "PROCEDURE " : "FUNCTION ");
  const auto qualifier = quote_name(inspection.default_schema) + ".";
  if (name.schema.empty() && text.starts_with(start + qualifier)) text.erase(start.size(), qualifier.size());
  return std::string(trim(text));
}

void read_routine(Inspection& inspection, const Row& row) {
  if (!inspection.options.tables.empty()) return;
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  Routine routine;
  routine.name = inspection.name(schema, fields.text());
  const bool procedure = fields.flag();
  routine.kind = procedure ? Routine::Kind::procedure : Routine::Kind::function;
  if (!inspection.wanted(procedure ? "procedure" : "function", routine.name)) return;
  std::vector<std::string> arguments;
  for (const auto& type : migrate::split(fields.text(), ',')) arguments.push_back(argument_type(inspection.canonical(type)));
  routine.arguments = join(arguments, ", ");
  routine.definition = routine_definition(fields.text(), inspection, routine.name, procedure);
  routine.comment = inspection.comment(procedures, oid);
  inspection.ids[Inspection::key(procedures, oid)] = {.kind = ObjectId::Kind::routine, .name = routine.name, .part = routine.arguments};
  inspection.schema.routines.push_back(std::move(routine));
}

const std::string triggers_sql = R"(
  select t.tgrelid, t.oid, t.tgname, t.tgenabled, pg_catalog.pg_get_triggerdef(t.oid, true)
    from pg_catalog.pg_trigger t
    join pg_catalog.pg_class c on c.oid = t.tgrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where not t.tgisinternal
     {clones}
     {partitions}
     and n.nspname {in_schemas}
     {only_tables}
   order by t.tgrelid, t.tgname)";

void read_trigger(Inspection& inspection, const Row& row) {
  Fields fields(row);
  auto* relation = inspection.relation(fields.oid());
  if (relation == nullptr) return;
  const auto oid = fields.oid();
  if (inspection.extension_owns(triggers, oid)) return;
  Trigger trigger;
  trigger.name = fields.text();
  trigger.table = relation->table != nullptr ? relation->table->name : relation->view->name;
  switch (fields.text()[0]) {
    case 'D': trigger.options["enabled"] = "disabled"; break;
    case 'R': trigger.options["enabled"] = "replica"; break;
    case 'A': trigger.options["enabled"] = "always"; break;
    default: break;
  }
  trigger.definition = fields.text();
  trigger.comment = inspection.comment(triggers, oid);
  inspection.ids[Inspection::key(triggers, oid)] = {.kind = ObjectId::Kind::trigger, .name = trigger.table, .part = trigger.name};
  (relation->table != nullptr ? relation->table->triggers : relation->view->triggers).push_back(std::move(trigger));
}

const std::string policies_sql = R"(
  select p.polrelid, p.oid, p.polname, p.polcmd, p.polpermissive,
         array(select rolname from pg_catalog.pg_roles r where r.oid = any(p.polroles) order by rolname),
         pg_catalog.pg_get_expr(p.polqual, p.polrelid), pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
    from pg_catalog.pg_policy p
    join pg_catalog.pg_class c on c.oid = p.polrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname {in_schemas}
     {only_tables}
   order by p.polrelid, p.polname)";

void read_policy(Inspection& inspection, const Row& row) {
  Fields fields(row);
  auto* relation = inspection.relation(fields.oid());
  if (relation == nullptr || relation->table == nullptr) return;
  const auto oid = fields.oid();
  Policy policy;
  policy.name = fields.text();
  switch (fields.text()[0]) {
    case 'r': policy.command = "select"; break;
    case 'a': policy.command = "insert"; break;
    case 'w': policy.command = "update"; break;
    case 'd': policy.command = "delete"; break;
    default: policy.command = "all"; break;
  }
  policy.permissive = fields.flag();
  policy.roles = fields.list();
  std::sort(policy.roles.begin(), policy.roles.end());
  policy.using_expression = strip_parentheses(fields.text());
  policy.check_expression = strip_parentheses(fields.text());
  policy.comment = inspection.comment(policies, oid);
  inspection.ids[Inspection::key(policies, oid)] = {.kind = ObjectId::Kind::policy, .name = relation->table->name, .part = policy.name};
  relation->table->policies.push_back(std::move(policy));
}

}  // namespace

std::vector<Query> type_queries(Inspection& inspection) {
  const auto ranges = replace_all(ranges_sql, "{multirange}",
                                  inspection.at_least(14) ? "(select typname from pg_catalog.pg_type m where m.oid = r.rngmultitypid)" : "null");
  return {each_row(inspection, enums_sql, read_enum), each_row(inspection, domains_sql, read_domain),
          each_row(inspection, composites_sql, read_composite), each_row(inspection, ranges, read_range)};
}

std::vector<Query> routine_queries(Inspection& inspection) {
  // Sequences are read here, behind the columns that own most of them.
  return {each_row(inspection, sequences_sql, read_sequence), each_row(inspection, routines_sql, read_routine)};
}

std::vector<Query> trigger_queries(Inspection& inspection) {
  const auto triggers_here = replace_all(triggers_sql, "{clones}", inspection.at_least(13) ? "and t.tgparentid = 0" : "");
  return {each_row(inspection, triggers_here, read_trigger), each_row(inspection, policies_sql, read_policy)};
}

}  // namespace migrate::postgresql::catalog
