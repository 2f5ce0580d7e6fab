/// Rules, extended statistics, aggregates, and the comments on columns of views.
#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql::catalog {
namespace {

std::string bare_statement(std::string text, const Inspection& inspection) {
  text = replace_qualifier(text, inspection.default_schema, "");
  auto view = trim(text);
  if (view.ends_with(';')) view.remove_suffix(1);
  return std::string(trim(view));
}

void add(Inspection& inspection, Catalog catalog, const Row& row, const std::string& kind, const Options& options) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  Definition definition{.kind = kind, .name = inspection.name(schema, fields.text())};
  if (inspection.extension_owns(catalog, oid) || !inspection.wanted(kind, definition.name)) return;
  definition.definition = bare_statement(fields.text(), inspection);
  definition.comment = inspection.comment(catalog, oid);
  definition.options = options;
  // Rules of two tables may share a name: the schema does not tell them apart.
  for (const auto& other : inspection.schema.definitions) {
    if (other.kind == kind && other.name == definition.name) return;
  }
  inspection.ids[Inspection::key(catalog, oid)] = catalog == procedures ? ObjectId{.kind = ObjectId::Kind::routine, .name = definition.name}
                                                                        : ObjectId{.kind = ObjectId::Kind::definition, .name = definition.name, .part = kind};
  inspection.schema.definitions.push_back(std::move(definition));
}

const std::string rules_sql = R"(
  select r.oid, n.nspname, r.rulename, pg_catalog.pg_get_ruledef(r.oid), c.oid, c.relname
    from pg_catalog.pg_rewrite r
    join pg_catalog.pg_class c on c.oid = r.ev_class
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where r.rulename <> '_RETURN'
     {partitions}
     and n.nspname {in_schemas}
     {only_tables}
   order by 2, 3, 6)";

void read_rule(Inspection& inspection, const Row& row) {
  Fields fields(row);
  for (int i = 0; i < 4; ++i) fields.skip();
  if (inspection.relation(fields.oid()) == nullptr) return;
  add(inspection, rules, row, "rule", {{"table", quote_name(inspection.name(*row[1], *row[5]))}});
}

const std::string statistics_sql = R"(
  select s.oid, n.nspname, s.stxname, pg_catalog.pg_get_statisticsobjdef(s.oid), s.stxrelid
    from pg_catalog.pg_statistic_ext s
    join pg_catalog.pg_namespace n on n.oid = s.stxnamespace
   where n.nspname {in_schemas}
   order by 2, 3)";

void read_statistics(Inspection& inspection, const Row& row) {
  Fields fields(row);
  for (int i = 0; i < 4; ++i) fields.skip();
  if (inspection.relation(fields.oid()) == nullptr) return;
  add(inspection, statistics, row, "statistics", {});
}

// Plain aggregates; ordered-set ones and those with a moving form are not for a model.
const std::string aggregates_sql = R"(
  select p.oid, n.nspname, p.proname,
         'CREATE AGGREGATE ' || pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(p.proname) || '(' ||
           case when p.pronargs = 0 then '*' else pg_catalog.pg_get_function_arguments(p.oid) end || E') (\n  SFUNC = ' ||
           a.aggtransfn::pg_catalog.regproc || E',\n  STYPE = ' || pg_catalog.format_type(a.aggtranstype, null) ||
           case when a.aggfinalfn <> 0 then E',\n  FINALFUNC = ' || a.aggfinalfn::pg_catalog.regproc else '' end ||
           case when a.aggfinalextra then E',\n  FINALFUNC_EXTRA' else '' end ||
           case when a.aggcombinefn <> 0 then E',\n  COMBINEFUNC = ' || a.aggcombinefn::pg_catalog.regproc else '' end ||
           case when a.agginitval is not null then E',\n  INITCOND = ' || pg_catalog.quote_literal(a.agginitval) else '' end ||
           case p.proparallel when 's' then E',\n  PARALLEL = SAFE' when 'r' then E',\n  PARALLEL = RESTRICTED' else '' end || E'\n)',
         pg_catalog.pg_get_function_identity_arguments(p.oid)
    from pg_catalog.pg_aggregate a
    join pg_catalog.pg_proc p on p.oid = a.aggfnoid
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
   where a.aggkind = 'n'
     and a.aggmtransfn = 0
     and a.aggsortop = 0
     and a.aggserialfn = 0
     and n.nspname {in_schemas}
   order by 2, 3, 5)";

void read_aggregate(Inspection& inspection, const Row& row) {
  if (!inspection.options.tables.empty()) return;
  add(inspection, procedures, row, "aggregate", {{"arguments", row[4]->empty() ? "*" : *row[4]}});
}

const std::string view_comments_sql = R"(
  select d.objoid, a.attname, d.description
    from pg_catalog.pg_description d
    join pg_catalog.pg_attribute a on a.attrelid = d.objoid and a.attnum = d.objsubid
    join pg_catalog.pg_class c on c.oid = d.objoid
   where d.classoid = 1259
     and d.objsubid > 0
     and d.objoid >= 16384
     and c.relkind in ('v', 'm'))";

void read_view_comment(Inspection& inspection, const Row& row) {
  Fields fields(row);
  auto* relation = inspection.relation(fields.oid());
  if (relation == nullptr || relation->view == nullptr) return;
  const auto column = fields.text();
  relation->view->options["comment." + column] = fields.text();
}

}  // namespace

std::vector<Query> definition_queries(Inspection& inspection) {
  return {each_row(inspection, view_comments_sql, read_view_comment), each_row(inspection, rules_sql, read_rule),
          each_row(inspection, statistics_sql, read_statistics), each_row(inspection, aggregates_sql, read_aggregate)};
}

}  // namespace migrate::postgresql::catalog
