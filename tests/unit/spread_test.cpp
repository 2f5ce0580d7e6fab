// How a model says that tables are spread over a cluster of Citus, and how that meets what a database says.
#include <doctest/doctest.h>

#include "dialect/canonical.hpp"
#include "dialect/dialect.hpp"
#include "dialect/postgresql/canonical/options.hpp"
#include "dialect/postgresql/canonical/spread.hpp"
#include "dialect/registry.hpp"
#include "schema/lookup.hpp"
#include "schema/model.hpp"

namespace spread_test {

using namespace migrate;

namespace {

ServerInfo citus() {
  ServerInfo server;
  server.product = "PostgreSQL";
  server.version = "15.18";
  server.version_number = 150018;
  server.default_schema = "public";
  server.defaults["citus"] = "13.2-1";
  return server;
}

Schema parse(const std::string& tables) {
  const ModelOptions options{.sections = {"postgresql"}, .other_sections = {"mysql", "mariadb", "sqlite"}, .schemas = true, .default_schema = "public",
                             .naming = {}, .known_options = {{"postgresql", postgresql::known_options()}}};
  return parse_model("tables:\n" + tables, "model.yaml", options);
}

std::string table(const std::string& name, const std::string& spread) {
  return "  " + name + ":\n    columns: {tenant_id: bigint, id: bigint}\n    postgresql: {" + spread + "}\n";
}

Schema canonical(const std::string& tables, const ServerInfo& server = citus()) {
  auto schema = parse(tables);
  postgresql::canonicalize_spread(schema, server);
  return schema;
}

std::string error_of(const std::string& tables, const ServerInfo& server = citus()) {
  try {
    static_cast<void>(canonical(tables, server));
  } catch (const Error& error) {
    CHECK(error.kind == ErrorKind::usage);
    CHECK(error.location.line > 0);
    CHECK_FALSE(error.hint.empty());
    return error.what();
  }
  return "";
}

bool holds(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// The options of a table of `declared` when the database has `live`.
Options settled(const std::string& live, const std::string& declared, const std::string& name) {
  const auto there = canonical(live);
  auto wanted = canonical(declared);
  postgresql::take_live_spread(there, wanted);
  return find_named(wanted.tables, QualifiedName{"", name})->options;
}

}  // namespace

TEST_CASE("a model that contradicts itself about a cluster is refused at its line") {
  const std::pair<std::string, const char*> cases[] = {
      {table("t", "distributed: {column: tenant_id}, reference: true"), "more than one of"},
      {table("t", "local_metadata: true, reference: true"), "more than one of"},
      {table("t", "distributed: {column: nobody}"), "which is no column of it"},
      {table("t", "distributed: {shard_count: 4}"), "does not say by which column"},
      {table("t", "distributed: {column: id, single_shard: true}"), "has a single shard"},
      {table("t", "distributed: {column: id, shard_count: many}"), "cannot have the shard_count many"},
      {table("t", "distributed: {column: id, colocate_with: t}"), "colocated with itself"},
      {table("t", "distributed: {column: id, colocate_with: u}") + table("u", "reference: true"), "which is not distributed"},
      {table("t", "distributed: {column: id, colocate_with: u, shard_count: 4}") + table("u", "distributed: {column: id, shard_count: 8}"), "has 8 shards"},
      {table("t", "distributed: {column: id, shards: 4}"), "has no option 'shards'"},
      {"  t:\n    columns: {id: bigint}\n    mysql: {}\n    postgresql: {distributet: id}\n", "has no option 'distributet'"},
  };
  for (const auto& [model, words] : cases) {
    CAPTURE(model);
    std::string said;
    try {
      said = error_of(model);
    } catch (const Error& error) {
      said = error.what();
    }
    CHECK_MESSAGE(holds(said, words), said);
  }
}

TEST_CASE("a table that is to be spread is refused where there is no Citus, and written for a script all the same") {
  auto plain = citus();
  plain.defaults.clear();
  CHECK(holds(error_of(table("t", "reference: true"), plain), "has no Citus"));
  plain.version_number = 0;
  CHECK(canonical(table("t", "reference: true"), plain).tables[0].options.at("reference") == "true");
  CHECK(canonical(table("t", "reference: false"), citus()).tables[0].options.empty());
}

TEST_CASE("the short form names the column") {
  CHECK(canonical(table("t", "distributed: id")).tables[0].options == Options{{"distributed.column", "id"}});
}

TEST_CASE("tables that stand together in the database as the model wants make no difference, whoever names whom") {
  const auto live = table("a", "distributed: {column: tenant_id, colocate_with: none, shard_count: 8}") + table("b", "distributed: {column: tenant_id, colocate_with: a}");
  const auto other_way = table("a", "distributed: {column: tenant_id, colocate_with: b}") + table("b", "distributed: {column: tenant_id, shard_count: 8}");
  const auto silent = table("a", "distributed: tenant_id") + table("b", "distributed: tenant_id");
  for (const auto& declared : {live, other_way, silent}) {
    CAPTURE(declared);
    CHECK(settled(live, declared, "a") == Options{{"distributed.column", "tenant_id"}, {"distributed.colocate_with", "none"}, {"distributed.shard_count", "8"}});
    CHECK(settled(live, declared, "b") == Options{{"distributed.column", "tenant_id"}, {"distributed.colocate_with", "a"}});
  }
}

TEST_CASE("what the model wants otherwise stays a difference") {
  const auto live = table("a", "distributed: {column: tenant_id, colocate_with: none, shard_count: 8}") + table("b", "distributed: {column: tenant_id, colocate_with: a}") +
                    table("c", "distributed: {column: tenant_id, colocate_with: none, shard_count: 4}");
  const auto a = table("a", "distributed: tenant_id");
  const auto c = table("c", "distributed: tenant_id");
  CHECK(settled(live, a + c + table("b", "distributed: {column: tenant_id, colocate_with: none}"), "b").at("distributed.colocate_with") == "none");
  CHECK(settled(live, a + c + table("b", "distributed: {column: tenant_id, colocate_with: c}"), "b").at("distributed.colocate_with") == "c");
  CHECK(settled(live, c + table("a", "distributed: {column: tenant_id, shard_count: 16}") + table("b", "distributed: tenant_id"), "a").at("distributed.shard_count") == "16");
  CHECK(settled(live, a + c + table("b", "distributed: id"), "b").at("distributed.column") == "id");
}

TEST_CASE("a new table comes to the one that is there") {
  const auto live = table("b", "distributed: {column: tenant_id, colocate_with: none, shard_count: 8}");
  const auto declared = table("a", "distributed: {column: tenant_id, shard_count: 8}") + table("b", "distributed: {column: tenant_id, colocate_with: a}");
  CHECK(settled(live, declared, "a") == Options{{"distributed.column", "tenant_id"}, {"distributed.colocate_with", "b"}});
  CHECK(settled(live, declared, "b").at("distributed.colocate_with") == "none");
}

TEST_CASE("a table that neither side knows is refused") {
  const auto there = canonical(table("a", "distributed: tenant_id"));
  auto wanted = canonical(table("a", "distributed: {column: tenant_id, colocate_with: nobody}"));
  CHECK_THROWS_AS(postgresql::take_live_spread(there, wanted), Error);
}

TEST_CASE("a model file says it in a map, and is read back") {
  auto schema = canonical(table("a", "distributed: {column: tenant_id, shard_count: 8}, with: {fillfactor: 70}"));
  const auto text = write_model(schema, "postgresql");
  CAPTURE(text);
  CHECK(holds(text, "distributed: {column: tenant_id, shard_count: "));
  CHECK(parse(text.substr(text.find('\n') + 1)).tables[0].options == schema.tables[0].options);
}

}  // namespace spread_test
