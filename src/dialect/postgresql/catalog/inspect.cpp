#include "dialect/postgresql/catalog/inspect.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql {
namespace catalog {

std::string Inspection::comment(Catalog catalog, Oid oid, int part) const {
  if (comments.empty()) return {};
  const auto it = comments.find(std::to_string(catalog) + "." + std::to_string(oid) + "." + std::to_string(part));
  return it == comments.end() ? std::string{} : it->second;
}

std::vector<std::string> Fields::list() {
  std::vector<std::string> items;
  const auto& value = row_[at_++];
  if (!value || value->size() < 2) return items;
  const std::string& text = *value;
  for (std::size_t i = 1; i + 1 < text.size(); ++i) {
    std::string item;
    if (text[i] == '"') {
      for (++i; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\') ++i;
        item += text[i];
      }
      ++i;
    } else {
      while (i + 1 < text.size() && text[i] != ',') item += text[i++];
    }
    items.push_back(std::move(item));
  }
  return items;
}

std::vector<int> Fields::numbers() {
  std::vector<int> items;
  const auto& value = row_[at_++];
  if (!value) return items;
  int number = 0;
  bool digits = false;
  bool minus = false;
  for (const char c : *value + " ") {
    if (c >= '0' && c <= '9') {
      number = number * 10 + (c - '0');
      digits = true;
    } else {
      if (digits) items.push_back(minus ? -number : number);
      number = 0;
      digits = false;
      minus = c == '-';
    }
  }
  return items;
}

void read_storage_parameters(const std::vector<std::string>& list, const std::string& prefix, Options& options) {
  for (const auto& item : list) {
    const auto equals = item.find('=');
    options[prefix + item.substr(0, equals)] = equals == std::string::npos ? "true" : item.substr(equals + 1);
  }
}

std::string placed(std::string sql, const Inspection& inspection) {
  sql = replace_all(std::move(sql), "{in_schemas}", inspection.in_schemas);
  sql = replace_all(std::move(sql), "{only_tables}", inspection.only_tables);
  // Partitions are looked at only when they are asked for by name.
  sql = replace_all(std::move(sql), "{partitions}", inspection.only_tables.empty() ? "and not c.relispartition" : "");
  return replace_all(std::move(sql), "{default}", quote_text(inspection.default_schema));
}

Query each_row(Inspection& inspection, const std::string& sql, void (*read)(Inspection&, const Row&)) {
  return {placed(sql, inspection), [&inspection, read](const Result& result) {
            for (const auto& row : result.rows) read(inspection, row);
          }};
}

const std::string& Inspection::canonical(const std::string& printed) {
  auto& known = canonical_types[printed];
  if (known.empty()) known = canonical_type(printed);
  return known;
}

std::string Inspection::collation(const std::string& collation_schema, const std::string& name) const {
  if (name.empty() || collation_schema == "pg_catalog" || collation_schema == default_schema) return name;
  return collation_schema + "." + name;
}

namespace {

std::string sql_list(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote_text(name));
  return "(" + join(quoted, ", ") + ")";
}

/// What decides how the server prints definitions and values: the same in every session, whatever server, database and role prefer.
std::vector<std::pair<std::string, std::string>> settings(const std::string& search_path) {
  return {{"search_path", search_path}, {"datestyle", "ISO, YMD"},  {"intervalstyle", "postgres"}, {"timezone", "UTC"},
          {"bytea_output", "hex"},      {"extra_float_digits", "1"}, {"quote_all_identifiers", "off"}};
}

/// Sets them for the queries of this batch, which the server runs as one transaction; in a transaction of the caller's they
/// are set back by the last query.
std::vector<Query> frame_queries(const std::string& search_path) {
  std::string sql;
  for (const auto& [setting, value] : settings(search_path)) {
    sql += (sql.empty() ? "select " : ", ") + fmt::format("set_config('migrate.{0}', current_setting('{0}'), true), set_config('{0}', {1}, true)", setting, quote_text(value));
  }
  return {{sql, [](const Result&) {}}};
}

Query end_of_frame() {
  std::string sql;
  for (const auto& [setting, value] : settings("")) {
    sql += (sql.empty() ? "select " : ", ") + fmt::format("set_config('{0}', current_setting('migrate.{0}'), true)", setting);
  }
  return {sql, [](const Result&) {}};
}

std::vector<Query> shared_queries(Inspection& inspection) {
  return {
      {R"(
        select classid, objid
          from pg_catalog.pg_depend
         where deptype = 'e')",
       [&inspection](const Result& result) {
         for (const auto& row : result.rows) {
           Fields fields(row);
           const auto catalog = fields.oid();
           inspection.owned_by_extension.insert(Inspection::key(catalog, fields.oid()));
         }
       }},
      {R"(
        select classoid || '.' || objoid || '.' || objsubid, description
          from pg_catalog.pg_description
         where classoid in (1259, 1247, 1255, 2606, 2620, 3256, 3079, 2618, 3381)
           and objoid >= 16384)",
       [&inspection](const Result& result) {
         for (const auto& row : result.rows) inspection.comments.emplace(*row[0], *row[1]);
       }},
      {"select nspname from pg_catalog.pg_namespace where nspname " + inspection.in_schemas + " order by 1",
       [&inspection](const Result& result) {
         for (const auto& row : result.rows) {
           if (*row[0] != inspection.default_schema) inspection.schema.schemas.push_back(*row[0]);
         }
       }},
      {R"(
        select e.oid, e.extname, n.nspname, e.extversion
          from pg_catalog.pg_extension e
          join pg_catalog.pg_namespace n on n.oid = e.extnamespace
         where e.extname not in ('plpgsql', 'citus', 'citus_columnar')  -- a cluster's extension is its administrator's
         order by e.extname)",
       [&inspection](const Result& result) {
         if (!inspection.options.tables.empty()) return;
         for (const auto& row : result.rows) {
           Fields fields(row);
           const auto oid = fields.oid();
           Extension extension;
           extension.name = fields.text();
           const auto schema = fields.text();
           extension.schema = schema == inspection.default_schema ? "" : schema;
           extension.version = fields.text();
           extension.comment = inspection.comment(extensions, oid);
           if (inspection.wanted("extension", {"", extension.name})) inspection.schema.extensions.push_back(extension);
         }
       }},
  };
}

/// Names decide the order of everything but columns, so that equal schemas are equal values.
void sort_parts(Table& table) {
  const auto by_name = [](const auto& a, const auto& b) { return a.name < b.name; };
  std::sort(table.uniques.begin(), table.uniques.end(), by_name);
  std::sort(table.foreign_keys.begin(), table.foreign_keys.end(), by_name);
  std::sort(table.checks.begin(), table.checks.end(), by_name);
  std::sort(table.exclusions.begin(), table.exclusions.end(), by_name);
  std::sort(table.indexes.begin(), table.indexes.end(), by_name);
  std::sort(table.triggers.begin(), table.triggers.end(), by_name);
  std::sort(table.policies.begin(), table.policies.end(), by_name);
}

}  // namespace
}  // namespace catalog

Schema inspect(Connection& connection, const ServerInfo& server, const InspectScope& scope) {
  using namespace catalog;
  const auto& options = scope.options;
  Inspection inspection{.server = server, .options = options};
  auto schemas = options.schemas;
  if (schemas.empty()) schemas.push_back(server.default_schema.empty() ? "public" : server.default_schema);
  inspection.default_schema = schemas.front();
  inspection.in_schemas = "in " + sql_list(schemas);
  for (const auto& table : options.tables) {
    const auto& schema = table.schema.empty() ? inspection.default_schema : table.schema;
    inspection.only_tables += (inspection.only_tables.empty() ? "and (n.nspname, c.relname) in ((" : ", (") + quote_text(schema) + ", " +
                              quote_text(table.name) + ")";
  }
  if (!inspection.only_tables.empty()) inspection.only_tables += ")";

  std::string path = quote_name(inspection.default_schema);
  for (const auto& schema : scope.also_on_path) path += ", " + quote_name(schema);
  auto queries = frame_queries(path);
  for (auto make : {shared_queries, type_queries, relation_queries, spread_queries, column_queries, constraint_queries, index_queries, routine_queries,
                    trigger_queries, definition_queries, dependency_queries, rights_queries}) {
    for (auto& query : make(inspection)) queries.push_back(std::move(query));
  }
  queries.push_back(end_of_frame());

  std::vector<std::string> texts;
  for (const auto& query : queries) texts.push_back(query.sql);
  connection.query_each(texts, [&](std::size_t i, const Result& result) { queries[i].read(result); });

  for (auto& table : inspection.schema.tables) {
    if (table.options.count("partition_of") != 0) table.columns.clear();  // they are its parent's
    sort_parts(table);
  }
  for (auto& view : inspection.schema.views) {
    std::sort(view.indexes.begin(), view.indexes.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    std::sort(view.triggers.begin(), view.triggers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  return std::move(inspection.schema);
}

Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) {
  return inspect(connection, server, InspectScope{options, {}});
}

}  // namespace migrate::postgresql
