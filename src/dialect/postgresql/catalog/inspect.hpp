/// Inspection: the catalog read in bulk, one query for each kind of object, all of them in one round trip.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "dialect/catalog.hpp"
#include "dialect/connection.hpp"
#include "migrate/schema.hpp"

namespace migrate::postgresql {

[[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options);

/// The search path that inspection reads under, so that the server prints names as the schema needs them. `also` comes
/// behind the default schema.
struct InspectScope {
  InspectOptions options;
  std::vector<std::string> also_on_path;
};
[[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectScope& scope);

/// Dialect::left_alone().
[[nodiscard]] std::vector<std::string> left_alone(Connection& connection);

namespace catalog {

using Oid = std::uint32_t;

/// The fixed oids of catalogs, as pg_description and pg_depend name them.
enum Catalog : Oid { relations = 1259, types = 1247, procedures = 1255, constraints = 2606, triggers = 2620, policies = 3256,
                     extensions = 3079, namespaces = 2615, rules = 2618, statistics = 3381 };

struct Query {
  std::string sql;
  std::function<void(const Result&)> read;
};

/// Where a relation's parts go while the rows come in.
struct Relation {
  Table* table = nullptr;
  View* view = nullptr;
  std::vector<std::string> columns;  ///< by attnum - 1; "" for dropped ones
  std::vector<Oid> types;            ///< by attnum - 1
  std::vector<Oid> collations;       ///< by attnum - 1
};

/// Everything the readers share.
struct Inspection {
  const ServerInfo& server;
  const InspectOptions& options;
  std::string default_schema;
  std::string in_schemas;  ///< SQL: "in ('public', 'audit')"
  std::string only_tables; ///< SQL: "" or "and (n.nspname, c.relname) in (...)"
  Schema schema;
  std::unordered_set<std::uint64_t> owned_by_extension;
  std::unordered_map<std::string, std::string> comments;  ///< "catalog.oid.subid"
  std::unordered_map<Oid, Relation> relations;
  std::unordered_map<std::uint64_t, ObjectId> ids;        ///< by catalog and oid: what dependencies are told of
  std::unordered_map<std::string, std::string> canonical_types;  ///< a schema has many columns of few types

  [[nodiscard]] bool at_least(int major) const { return server.version_number >= major * 10000; }
  [[nodiscard]] QualifiedName name(const std::string& schema_name, const std::string& name) const {
    return {schema_name == default_schema ? std::string{} : schema_name, name};
  }
  [[nodiscard]] bool wanted(std::string_view kind, const QualifiedName& name) const { return !options.filter || options.filter(kind, name); }
  [[nodiscard]] static std::uint64_t key(Oid catalog, Oid oid) { return (static_cast<std::uint64_t>(catalog) << 32U) | oid; }
  [[nodiscard]] bool extension_owns(Catalog catalog, Oid oid) const { return owned_by_extension.count(key(catalog, oid)) != 0; }
  /// canonical_type(), remembered.
  const std::string& canonical(const std::string& printed);
  /// A collation's name, without the schemas that need not be written.
  [[nodiscard]] std::string collation(const std::string& collation_schema, const std::string& name) const;
  [[nodiscard]] std::string comment(Catalog catalog, Oid oid, int part = 0) const;
  [[nodiscard]] Relation* relation(Oid oid) {
    const auto it = relations.find(oid);
    return it == relations.end() ? nullptr : &it->second;
  }
};

/// Reads a row field by field.
class Fields {
 public:
  explicit Fields(const Row& row) : row_(row) {}
  [[nodiscard]] bool null() const { return !row_[at_]; }
  void skip() { ++at_; }
  std::string text() {
    const auto& value = row_[at_++];
    return value ? *value : std::string{};
  }
  Value value() { return row_[at_++]; }
  bool flag() {
    const auto& value = row_[at_++];
    return value && *value == "t";
  }
  Oid oid() { return static_cast<Oid>(std::stoul(text())); }
  int number() {
    const auto& value = row_[at_++];
    return value ? std::stoi(*value) : 0;
  }
  std::vector<std::string> list();       ///< a one-dimensional array
  std::vector<int> numbers();            ///< an array or vector of numbers

 private:
  const Row& row_;
  std::size_t at_ = 0;
};

/// "fillfactor=70" of a reloptions array as {"with.fillfactor", "70"}.
void read_storage_parameters(const std::vector<std::string>& list, const std::string& prefix, Options& options);

/// Replaces {in_schemas}, {only_tables} and {default}.
[[nodiscard]] std::string placed(std::string sql, const Inspection& inspection);

/// The query, placed, whose rows are read one by one.
[[nodiscard]] Query each_row(Inspection& inspection, const std::string& sql, void (*read)(Inspection&, const Row&));

[[nodiscard]] std::vector<Query> relation_queries(Inspection& inspection);
/// How Citus spreads the tables; nothing where it is not there.
[[nodiscard]] std::vector<Query> spread_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> column_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> constraint_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> index_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> type_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> routine_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> trigger_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> definition_queries(Inspection& inspection);
/// The last two: by then it is known which object each oid is.
[[nodiscard]] std::vector<Query> dependency_queries(Inspection& inspection);
[[nodiscard]] std::vector<Query> rights_queries(Inspection& inspection);

}  // namespace catalog
}  // namespace migrate::postgresql
