/// Tables, views and their columns.
#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/canonical/definitions.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/literals.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql::catalog {
namespace {

const std::string relations_sql = R"(
  select c.oid, n.nspname, c.relname, c.relkind, c.relpersistence = 'u', c.relrowsecurity, c.relforcerowsecurity,
         c.relreplident, c.reloptions, t.reloptions,
         case when c.reltablespace <> 0 then (select spcname from pg_catalog.pg_tablespace s where s.oid = c.reltablespace) end,
         case when c.relkind = 'p' then pg_catalog.pg_get_partkeydef(c.oid) end,
         case when c.relkind in ('v', 'm') then pg_catalog.pg_get_viewdef(c.oid) end,
         (select a.amname from pg_catalog.pg_am a where a.oid = c.relam and a.amname <> 'heap')
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_class t on t.oid = c.reltoastrelid and t.reloptions is not null
   where c.relkind in ('r', 'p', 'v', 'm')
     {partitions}
     and n.nspname {in_schemas}
     {only_tables}
   order by n.nspname = {default} desc, n.nspname, c.relname)";

/// The query without the final ';' and the leading blank that the server prints.
std::string view_query(const std::string& printed) {
  auto text = trim(printed);
  if (text.ends_with(';')) text.remove_suffix(1);
  return std::string(trim(text));
}

void read_view_options(const std::vector<std::string>& list, View& view) {
  Options all;
  read_storage_parameters(list, "", all);
  for (const auto& [key, value] : all) {
    if (!view.materialized && (value == "false" || value == "off")) continue;
    view.options[view.materialized ? "with." + key : key] = value == "on" ? "true" : value;
  }
}

void read_table(Inspection& inspection, const Row& row) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  Table table;
  table.name = inspection.name(schema, fields.text());
  if (!inspection.wanted("table", table.name)) return;
  fields.skip();
  if (fields.flag()) table.options["unlogged"] = "true";
  if (fields.flag()) table.options["row_security"] = "true";
  if (fields.flag()) table.options["force_row_security"] = "true";
  const auto identity = fields.text();
  if (identity == "f" || identity == "n") table.options["replica_identity"] = identity == "f" ? "full" : "nothing";
  read_storage_parameters(fields.list(), "with.", table.options);
  read_storage_parameters(fields.list(), "with.toast.", table.options);
  if (const auto tablespace = fields.text(); !tablespace.empty()) table.options["tablespace"] = tablespace;
  if (const auto partition = fields.text(); !partition.empty()) table.options["partition_by"] = partition;
  fields.skip();
  if (const auto method = fields.text(); !method.empty()) table.options["access_method"] = method;
  table.comment = inspection.comment(relations, oid);
  inspection.schema.tables.push_back(std::move(table));
  inspection.relations[oid].table = &inspection.schema.tables.back();
  inspection.ids[Inspection::key(relations, oid)] = {.kind = ObjectId::Kind::relation, .name = inspection.schema.tables.back().name};
}

void read_view(Inspection& inspection, const Row& row, bool materialized) {
  Fields fields(row);
  const auto oid = fields.oid();
  const auto schema = fields.text();
  View view;
  view.name = inspection.name(schema, fields.text());
  view.materialized = materialized;
  if (!inspection.wanted(materialized ? "materialized_view" : "view", view.name)) return;
  for (int i = 0; i < 5; ++i) fields.skip();
  read_view_options(fields.list(), view);
  fields.skip();
  if (const auto tablespace = fields.text(); !tablespace.empty()) view.options["tablespace"] = tablespace;
  fields.skip();
  view.definition = view_query(fields.text());
  if (const auto method = fields.text(); !method.empty()) view.options["access_method"] = method;
  view.comment = inspection.comment(relations, oid);
  inspection.schema.views.push_back(std::move(view));
  inspection.relations[oid].view = &inspection.schema.views.back();
  inspection.ids[Inspection::key(relations, oid)] = {.kind = ObjectId::Kind::relation, .name = inspection.schema.views.back().name};
}

void read_relations(Inspection& inspection, const Result& result) {
  // Parts point into these vectors until all rows are read: they must not move.
  inspection.schema.tables.reserve(result.rows.size());
  inspection.schema.views.reserve(result.rows.size());
  inspection.relations.reserve(result.rows.size());
  for (const auto& row : result.rows) {
    Fields fields(row);
    if (inspection.extension_owns(relations, fields.oid())) continue;
    const auto& kind = *row[3];
    if (kind == "r" || kind == "p") {
      read_table(inspection, row);
    } else {
      read_view(inspection, row, kind == "m");
    }
  }
}

const std::string partitions_sql = R"(
  select c.oid, pn.nspname, p.relname, pg_catalog.pg_get_expr(c.relpartbound, c.oid)
    from pg_catalog.pg_class c
    join pg_catalog.pg_inherits i on i.inhrelid = c.oid
    join pg_catalog.pg_class p on p.oid = i.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relispartition
     and c.relkind in ('r', 'p')
     {only_tables})";

void read_partitions(Inspection& inspection, const Result& result) {
  for (const auto& row : result.rows) {
    Fields fields(row);
    auto* relation = inspection.relation(fields.oid());
    if (relation == nullptr || relation->table == nullptr) continue;
    const auto schema = fields.text();
    relation->table->options["partition_of"] = quote_name(inspection.name(schema, fields.text()));
    relation->table->options["partition_bound"] = canonical_bound(fields.text());
  }
}

const std::string parents_sql = R"(
  select i.inhrelid, pn.nspname, p.relname
    from pg_catalog.pg_inherits i
    join pg_catalog.pg_class c on c.oid = i.inhrelid and not c.relispartition and c.relkind in ('r', 'p')
    join pg_catalog.pg_class p on p.oid = i.inhparent
    join pg_catalog.pg_namespace pn on pn.oid = p.relnamespace
   order by i.inhrelid, i.inhseqno)";

void read_parents(Inspection& inspection, const Result& result) {
  for (const auto& row : result.rows) {
    Fields fields(row);
    auto* relation = inspection.relation(fields.oid());
    if (relation == nullptr || relation->table == nullptr) continue;
    const auto schema = fields.text();
    auto& inherits = relation->table->options["inherits"];
    inherits += (inherits.empty() ? "" : ", ") + quote_name(inspection.name(schema, fields.text()));
  }
}

const std::string columns_sql = R"(
  select a.attrelid, a.attnum, a.attname, a.atttypid, a.attcollation, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull,
         nullif(a.attidentity, ''), nullif(a.attgenerated, ''), pg_catalog.pg_get_expr(d.adbin, d.adrelid),
         o.collname, o.nspname,
         case when a.attstorage <> t.typstorage then a.attstorage end,
         {compression},
         case when a.attstattarget >= 0 then a.attstattarget end,
         {not_null}
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    join pg_catalog.pg_type t on t.oid = a.atttypid
    left join pg_catalog.pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    left join (select k.oid, k.collname, kn.nspname
                 from pg_catalog.pg_collation k
                 join pg_catalog.pg_namespace kn on kn.oid = k.collnamespace) o
           on o.oid = a.attcollation and a.attcollation <> t.typcollation
    {not_null_join}
   where a.attnum > 0
     and not a.attisdropped
     and c.relkind in ('r', 'p', 'm')
     {partitions}
     and n.nspname {in_schemas}
     {only_tables}
   order by a.attrelid, a.attnum)";

const char* storage_name(char code) {
  switch (code) {
    case 'p': return "plain";
    case 'e': return "external";
    case 'x': return "extended";
    default: return "main";
  }
}

/// Whether the server prints a number like this for a literal that column_sql() writes bare.
bool usual_number(const std::string& printed, const std::string& text) {
  if (printed == text) return true;
  const bool whole = text.find_first_not_of("-0123456789") == std::string::npos;
  if (!whole) return printed == "'" + text + "'::numeric";
  const auto digits = text.size() - (text.starts_with('-') ? 1 : 0);
  if (digits > 19) return printed == "'" + text + "'::numeric";
  const bool small = digits < 10 || (digits == 10 && std::stoll(text) >= -2147483647LL && std::stoll(text) <= 2147483647LL);
  if (small) return text.starts_with('-') && printed == "'" + text + "'::integer";
  return printed == "'" + text + "'::bigint" || digits == 19;
}

/// Whether a default written from its canonical text would be printed otherwise.
bool is_odd(const std::string& printed, const Default& value, const std::string& type) {
  if (value.expression) return false;
  if (is_number_type(type)) return !usual_number(printed, value.text);
  // A bare number for a domain or the like.
  return !is_builtin(type) && !printed.starts_with('\'') && printed == value.text;
}

void read_expression(Column& column, const std::string& generated, const Value& expression) {
  if (!expression) return;
  if (generated.empty()) {
    column.default_value = default_from_sql(*expression, column.type);
    // NULL::text is no default and '0'::smallint is 0, yet a table that is made again should look as it did.
    if (!column.default_value || is_odd(*expression, *column.default_value, column.type)) column.declared.spelling["default_sql"] = *expression;
  } else {
    column.generated = Generated{strip_parentheses(*expression), generated == "s"};
  }
}

void read_column(Inspection& inspection, Oid oid, Relation& relation, Fields& fields) {
  const auto number = static_cast<std::size_t>(fields.number());
  relation.columns.resize(number);
  relation.types.resize(number);
  relation.collations.resize(number);
  relation.columns[number - 1] = fields.text();
  relation.types[number - 1] = fields.oid();
  relation.collations[number - 1] = fields.oid();
  if (relation.table == nullptr) return;
  auto& column = relation.table->columns.emplace_back();
  column.name = relation.columns[number - 1];
  column.type = inspection.canonical(fields.text());
  column.nullable = !fields.flag();
  if (const auto identity = fields.text(); !identity.empty()) {
    column.identity = Identity{identity == "a" ? Identity::Kind::always : Identity::Kind::by_default, {}};
  }
  const auto generated = fields.text();
  read_expression(column, generated, fields.value());
  const auto collation = fields.text();
  column.collation = inspection.collation(fields.text(), collation);
  if (const auto storage = fields.text(); !storage.empty()) column.options["storage"] = storage_name(storage[0]);
  if (const auto compression = fields.text(); !compression.empty()) column.options["compression"] = compression == "l" ? "lz4" : "pglz";
  if (const auto target = fields.text(); !target.empty()) column.options["statistics"] = target;
  column.comment = inspection.comment(relations, oid, static_cast<int>(number));
  if (fields.null()) return;
  const auto name = fields.text();
  const bool valid = fields.flag();
  const bool no_inherit = fields.flag();
  if (!valid || no_inherit) column.options["not_null"] = valid ? "no inherit" : no_inherit ? "not valid, no inherit" : "not valid";
  if (name != object_name(relation.table->name.name, column.name, "not_null")) column.declared.spelling["not_null"] = name;
}

void read_columns(Inspection& inspection, const Result& result) {
  Oid last = 0;
  Relation* relation = nullptr;
  for (const auto& row : result.rows) {
    Fields fields(row);
    if (const auto oid = fields.oid(); oid != last) {
      last = oid;
      relation = inspection.relation(oid);
    }
    if (relation != nullptr) read_column(inspection, last, *relation, fields);
  }
}

}  // namespace

std::vector<Query> relation_queries(Inspection& inspection) {
  std::vector<Query> queries{{placed(relations_sql, inspection), [&](const Result& result) { read_relations(inspection, result); }},
                             {parents_sql, [&](const Result& result) { read_parents(inspection, result); }}};
  if (!inspection.only_tables.empty()) {
    queries.push_back({placed(partitions_sql, inspection), [&](const Result& result) { read_partitions(inspection, result); }});
  }
  return queries;
}

std::vector<Query> column_queries(Inspection& inspection) {
  auto sql = placed(columns_sql, inspection);
  sql = replace_all(std::move(sql), "{compression}", inspection.at_least(14) ? "nullif(a.attcompression, '')" : "null");
  // Keys bring a NOT NULL of their own, and children have their parents'.
  const bool named = inspection.at_least(18);
  sql = replace_all(std::move(sql), "{not_null}", named ? "nn.conname, nn.convalidated, nn.connoinherit" : "null");
  sql = replace_all(std::move(sql), "{not_null_join}",
                    named ? "left join pg_catalog.pg_constraint nn on nn.conrelid = a.attrelid and nn.contype = 'n' and nn.conkey[1] = a.attnum and nn.conislocal" : "");
  return {{sql, [&](const Result& result) { read_columns(inspection, result); }}};
}

}  // namespace migrate::postgresql::catalog
