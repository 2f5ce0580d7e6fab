/// Keys, checks, exclusions and indexes.
#include <algorithm>
#include <memory>

#include "core/text.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql::catalog {
namespace {

// Columns come as numbers where the client knows their names already: pg_get_constraintdef() parses, this only joins.
const std::string constraints_sql = R"(
  select k.conrelid, k.oid, k.conname, k.contype, k.condeferrable, k.condeferred, k.convalidated, k.connoinherit, {enforced}, {period}, k.conkey,
         fn.nspname, f.relname, k.confupdtype, k.confdeltype, k.confmatchtype,
         case when k.contype <> 'f' then null
              when pg_catalog.array_length(k.confkey, 1) = 1 then array[ra.attname]
              else (select pg_catalog.array_agg(x.attname order by u.n)
                      from pg_catalog.unnest(k.confkey) with ordinality u(attnum, n)
                      join pg_catalog.pg_attribute x on x.attrelid = k.confrelid and x.attnum = u.attnum) end,
         {set_columns},
         case when k.contype = 'c' then pg_catalog.pg_get_expr(k.conbin, k.conrelid)
              when k.contype = 'x' then pg_catalog.pg_get_constraintdef(k.oid) end
    from pg_catalog.pg_constraint k
    join pg_catalog.pg_class c on c.oid = k.conrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_class f on f.oid = k.confrelid and k.contype = 'f'
    left join pg_catalog.pg_namespace fn on fn.oid = f.relnamespace
    left join pg_catalog.pg_attribute ra on ra.attrelid = k.confrelid and ra.attnum = k.confkey[1] and k.contype = 'f'
   where k.contype in ('f', 'c', 'x')
     and k.conparentid = 0
     and (k.conislocal or k.contype <> 'c')
     {partitions}
     and n.nspname {in_schemas}
     {only_tables}
   order by k.conrelid)";

std::string action(char code) {
  switch (code) {
    case 'c': return "cascade";
    case 'n': return "set null";
    case 'd': return "set default";
    case 'r': return "restrict";
    default: return "";
  }
}

std::vector<std::string> names_of(const Relation& relation, const std::vector<int>& numbers) {
  std::vector<std::string> names;
  for (const int number : numbers) {
    const auto at = static_cast<std::size_t>(number) - 1;
    names.push_back(number > 0 && at < relation.columns.size() ? relation.columns[at] : "");
  }
  return names;
}

/// "EXCLUDE USING gist (...) WHERE (...) DEFERRABLE INITIALLY DEFERRED" without its ends.
std::string exclusion_definition(std::string text) {
  if (text.starts_with("EXCLUDE ")) text.erase(0, 8);
  for (const std::string_view suffix : {" INITIALLY DEFERRED", " DEFERRABLE"}) {
    if (text.ends_with(suffix)) text.erase(text.size() - suffix.size());
  }
  return text;
}

struct ConstraintRow {
  Oid oid = 0;
  std::string name;
  char type = ' ';
  bool deferrable = false, deferred = false, validated = true, no_inherit = false, enforced = true, period = false;
  std::vector<int> columns;
};

void read_foreign_key(Inspection& inspection, const Relation& relation, const ConstraintRow& row, Fields& fields) {
  ForeignKey key;
  key.name = row.name;
  key.columns = names_of(relation, row.columns);
  const auto schema = fields.text();
  key.references = inspection.name(schema, fields.text());
  key.on_update = action(fields.text()[0]);
  key.on_delete = action(fields.text()[0]);
  if (fields.text() == "f") key.match = "full";
  key.referenced_columns = fields.list();
  if (const auto columns = names_of(relation, fields.numbers()); !columns.empty()) key.on_delete += " (" + join(columns, ", ") + ")";
  key.deferrable = row.deferrable;
  key.initially_deferred = row.deferred;
  key.not_valid = !row.validated && row.enforced;
  if (!row.enforced) key.options["not_enforced"] = "true";
  if (row.period) key.options["period"] = "true";
  key.comment = inspection.comment(constraints, row.oid);
  relation.table->foreign_keys.push_back(std::move(key));
}

void read_constraint(Inspection& inspection, const Row& values) {
  Fields fields(values);
  auto* relation = inspection.relation(fields.oid());
  if (relation == nullptr || relation->table == nullptr) return;
  ConstraintRow row;
  row.oid = fields.oid();
  row.name = fields.text();
  row.type = fields.text()[0];
  row.deferrable = fields.flag();
  row.deferred = fields.flag();
  row.validated = fields.flag();
  row.no_inherit = fields.flag();
  row.enforced = fields.flag();
  row.period = fields.flag();
  row.columns = fields.numbers();
  if (row.type == 'f') return read_foreign_key(inspection, *relation, row, fields);
  for (int i = 0; i < 7; ++i) fields.skip();
  const auto comment = inspection.comment(constraints, row.oid);
  if (row.type == 'c') {
    relation->table->checks.push_back({.name = row.name,
                                       .expression = strip_parentheses(fields.text()),
                                       .no_inherit = row.no_inherit,
                                       .not_valid = !row.validated && row.enforced,
                                       .not_enforced = !row.enforced,
                                       .comment = comment});
  } else {
    relation->table->exclusions.push_back({.name = row.name,
                                           .definition = exclusion_definition(fields.text()),
                                           .deferrable = row.deferrable,
                                           .initially_deferred = row.deferred,
                                           .comment = comment});
  }
}

// ---- indexes, and the keys that stand on one ---------------------------------------------------------------------

struct OperatorClass {
  std::string name;
  std::string method;
  Oid type = 0;
  bool is_default = false;
};

struct IndexFacts {
  std::unordered_map<Oid, OperatorClass> classes;
  std::map<std::pair<std::string, Oid>, Oid> defaults;       ///< (method, type) -> class
  std::unordered_map<Oid, std::string> collations;
  std::map<std::pair<Oid, int>, std::string> class_options;  ///< (index, part) -> "siglen='32'"
};

const std::string classes_sql = R"(
  select o.oid, o.opcname, n.nspname, m.amname, o.opcintype, o.opcdefault
    from pg_catalog.pg_opclass o
    join pg_catalog.pg_namespace n on n.oid = o.opcnamespace
    join pg_catalog.pg_am m on m.oid = o.opcmethod)";

const std::string collations_sql = R"(
  select k.oid, k.collname, n.nspname
    from pg_catalog.pg_collation k
    join pg_catalog.pg_namespace n on n.oid = k.collnamespace
   where k.oid in (select pg_catalog.unnest(indcollation) from pg_catalog.pg_index where indexrelid >= 16384))";

const std::string class_options_sql = R"(
  select a.attrelid, a.attnum, pg_catalog.array_to_string(a.attoptions, ', ')
    from pg_catalog.pg_attribute a
    join pg_catalog.pg_class c on c.oid = a.attrelid
   where a.attoptions is not null
     and c.relkind in ('i', 'I'))";

const std::string indexes_sql = R"(
  select i.indrelid, i.indexrelid, x.relname, i.indisunique, i.indnkeyatts, i.indkey, i.indclass, i.indcollation, i.indoption,
         m.amname, x.reloptions,
         case when x.reltablespace <> 0 then (select spcname from pg_catalog.pg_tablespace s where s.oid = x.reltablespace) end,
         pg_catalog.pg_get_expr(i.indpred, i.indrelid), {nulls_not_distinct},
         i.indisvalid or x.relkind = 'I', x.relkind = 'I' and not i.indisvalid, i.indisreplident, i.indisclustered,
         k.contype, k.oid, k.condeferrable, k.condeferred, {period},
         case when i.indexprs is not null then
           array(select pg_catalog.pg_get_indexdef(i.indexrelid, s, true)
                   from pg_catalog.generate_series(1, i.indnkeyatts) s) end
    from pg_catalog.pg_index i
    join pg_catalog.pg_class x on x.oid = i.indexrelid
    join pg_catalog.pg_am m on m.oid = x.relam
    join pg_catalog.pg_class c on c.oid = i.indrelid
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    left join pg_catalog.pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
   where c.relkind in ('r', 'p', 'm')
     {partitions}
     and (not x.relispartition)
     and n.nspname {in_schemas}
     {only_tables}
   order by i.indrelid, x.relname)";

void read_classes(const Inspection& inspection, IndexFacts& facts, const Result& result) {
  for (const auto& row : result.rows) {
    Fields fields(row);
    const auto oid = fields.oid();
    OperatorClass found;
    found.name = fields.text();
    const auto schema = fields.text();
    if (schema != "pg_catalog" && schema != inspection.default_schema) found.name = schema + "." + found.name;
    found.method = fields.text();
    found.type = fields.oid();
    found.is_default = fields.flag();
    if (found.is_default) facts.defaults[{found.method, found.type}] = oid;
    facts.classes[oid] = std::move(found);
  }
}

/// The operator class as it has to be written: nothing for the one that the server would choose by itself.
std::string class_to_write(const IndexFacts& facts, Oid oid, Oid column_type, const std::string& options) {
  const auto found = facts.classes.find(oid);
  if (found == facts.classes.end()) return {};
  const auto& known = found->second;
  const auto own = facts.defaults.find({known.method, column_type});
  const bool chosen = own != facts.defaults.end() ? own->second == oid : known.is_default;
  if (!options.empty()) return known.name + " (" + options + ")";
  return chosen ? "" : known.name;
}

struct IndexKeys {
  std::vector<int> columns, classes, collations, options;
};

std::vector<IndexPart> read_parts(const IndexFacts& facts, const Relation& relation, Oid index, int count, const IndexKeys& keys,
                                  const std::vector<std::string>& texts) {
  std::vector<IndexPart> parts;
  for (std::size_t i = 0; i < static_cast<std::size_t>(count) && i < keys.columns.size(); ++i) {
    IndexPart part;
    Oid type = 0;
    Oid collation = 0;
    if (keys.columns[i] > 0) {
      const auto at = static_cast<std::size_t>(keys.columns[i]) - 1;
      part.column = relation.columns.at(at);
      type = relation.types.at(at);
      collation = relation.collations.at(at);
    } else if (i < texts.size()) {
      part.expression = strip_parentheses(texts[i]);
      collation = 100;  // the database's own
    }
    const int bits = i < keys.options.size() ? keys.options[i] : 0;
    part.descending = (bits & 1) != 0;
    if (const bool first = (bits & 2) != 0; first != part.descending) part.nulls_first = first;
    if (const auto own = static_cast<Oid>(keys.collations[i]); own != 0 && own != collation) {
      if (const auto name = facts.collations.find(own); name != facts.collations.end()) part.collation = name->second;
    }
    const auto options = facts.class_options.find({index, static_cast<int>(i) + 1});
    part.opclass = class_to_write(facts, static_cast<Oid>(keys.classes[i]), type,
                                  options == facts.class_options.end() ? "" : options->second);
    parts.push_back(std::move(part));
  }
  return parts;
}

void place_key(Table& table, Index index, const std::string& kind, bool deferrable, bool deferred) {
  if (kind == "p") {
    table.primary_key = PrimaryKey{.name = std::move(index.name), .parts = std::move(index.parts), .include = std::move(index.include),
                                   .deferrable = deferrable, .initially_deferred = deferred, .comment = std::move(index.comment),
                                   .options = std::move(index.options)};
  } else if (kind == "u") {
    table.uniques.push_back({.name = std::move(index.name), .parts = std::move(index.parts), .include = std::move(index.include),
                             .nulls_not_distinct = index.nulls_not_distinct, .deferrable = deferrable, .initially_deferred = deferred,
                             .comment = std::move(index.comment), .options = std::move(index.options)});
  }
}

void read_index(Inspection& inspection, const IndexFacts& facts, const Row& row) {
  Fields fields(row);
  auto* relation = inspection.relation(fields.oid());
  if (relation == nullptr) return;
  const auto oid = fields.oid();
  Index index;
  index.name = fields.text();
  index.unique = fields.flag();
  const int count = fields.number();
  IndexKeys keys;
  keys.columns = fields.numbers();
  keys.classes = fields.numbers();
  keys.collations = fields.numbers();
  keys.options = fields.numbers();
  index.method = fields.text();
  if (index.method == "btree") index.method.clear();
  read_storage_parameters(fields.list(), "with.", index.options);
  if (const auto tablespace = fields.text(); !tablespace.empty()) index.options["tablespace"] = tablespace;
  index.where = strip_parentheses(fields.text());
  index.nulls_not_distinct = fields.flag();
  if (!fields.flag()) index.options["invalid"] = "true";
  if (fields.flag()) index.options["only"] = "true";
  if (fields.flag() && relation->table != nullptr) relation->table->options["replica_identity"] = "using index " + quote_name(index.name);
  if (fields.flag()) index.options["clustered"] = "true";
  const auto kind = fields.text();
  const auto constraint = kind.empty() ? (fields.skip(), Oid{0}) : fields.oid();
  const bool deferrable = fields.flag();
  const bool deferred = fields.flag();
  if (fields.flag()) index.options["without_overlaps"] = "true";
  if (kind == "x") return;
  index.parts = read_parts(facts, *relation, oid, count, keys, fields.list());
  keys.columns.erase(keys.columns.begin(), keys.columns.begin() + std::min<std::ptrdiff_t>(count, std::ssize(keys.columns)));
  index.include = names_of(*relation, keys.columns);
  index.comment = kind.empty() ? inspection.comment(relations, oid) : inspection.comment(constraints, constraint);
  if (relation->view != nullptr) {
    relation->view->indexes.push_back(std::move(index));
  } else if (!kind.empty()) {
    place_key(*relation->table, std::move(index), kind, deferrable, deferred);
  } else {
    relation->table->indexes.push_back(std::move(index));
  }
}

}  // namespace

std::vector<Query> constraint_queries(Inspection& inspection) {
  auto sql = placed(constraints_sql, inspection);
  sql = replace_all(std::move(sql), "{set_columns}", inspection.at_least(15) ? "k.confdelsetcols" : "null");
  sql = replace_all(std::move(sql), "{enforced}", inspection.at_least(18) ? "k.conenforced" : "true");
  sql = replace_all(std::move(sql), "{period}", inspection.at_least(18) ? "k.conperiod" : "false");
  return {{sql, [&](const Result& result) {
             for (const auto& row : result.rows) read_constraint(inspection, row);
           }}};
}

std::vector<Query> index_queries(Inspection& inspection) {
  auto facts = std::make_shared<IndexFacts>();
  auto sql = placed(indexes_sql, inspection);
  sql = replace_all(std::move(sql), "{period}", inspection.at_least(18) ? "k.conperiod" : "false");
  sql = replace_all(std::move(sql), "{nulls_not_distinct}", inspection.at_least(15) ? "i.indnullsnotdistinct" : "false");
  std::vector<Query> queries;
  queries.push_back({classes_sql, [&inspection, facts](const Result& result) { read_classes(inspection, *facts, result); }});
  queries.push_back({collations_sql, [&inspection, facts](const Result& result) {
                       for (const auto& row : result.rows) {
                         Fields fields(row);
                         const auto oid = fields.oid();
                         const auto name = fields.text();
                         facts->collations[oid] = inspection.collation(fields.text(), name);
                       }
                     }});
  if (inspection.at_least(13)) {
    queries.push_back({class_options_sql, [facts](const Result& result) {
                         for (const auto& row : result.rows) {
                           Fields fields(row);
                           const auto oid = fields.oid();
                           const int part = fields.number();
                           facts->class_options[{oid, part}] = fields.text();
                         }
                       }});
  }
  queries.push_back({sql, [&inspection, facts](const Result& result) {
                       for (const auto& row : result.rows) read_index(inspection, *facts, row);
                     }});
  return queries;
}

}  // namespace migrate::postgresql::catalog
