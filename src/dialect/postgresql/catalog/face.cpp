#include "dialect/postgresql/catalog/face.hpp"

#include "dialect/postgresql/canonical/follow.hpp"
#include "dialect/postgresql/catalog/access.hpp"
#include "dialect/postgresql/catalog/check_types.hpp"
#include "dialect/postgresql/catalog/inspect.hpp"
#include "dialect/postgresql/catalog/normalize.hpp"
#include "dialect/postgresql/catalog/probe.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlCatalog final : public CatalogFace {
 public:
  [[nodiscard]] ServerInfo probe(Connection& connection) const override { return probe_server(connection); }
  [[nodiscard]] ServerInfo assume(const DatabaseUrl& url) const override { return assumed_server(url); }
  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) const override {
    return postgresql::inspect(connection, server, options);
  }
  void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also) const override {
    postgresql::read_access(connection, server, live, also);
  }
  [[nodiscard]] std::vector<std::string> left_alone(Connection& connection) const override { return postgresql::left_alone(connection); }
  [[nodiscard]] std::vector<ModelRemark> check_types(Connection& connection, const ServerInfo& /*server*/, const Schema& declared, const Schema& live) const override {
    return postgresql::check_types(connection, declared, live);
  }
  [[nodiscard]] Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    return postgresql::normalize(connection, server, objects, declared, live);
  }
  void apply(Schema& schema, const Operation& operation) const override { apply_and_follow(schema, operation); }
};

}  // namespace

const CatalogFace& catalog_face() {
  static const PostgresqlCatalog instance;
  return instance;
}

}  // namespace migrate::postgresql
