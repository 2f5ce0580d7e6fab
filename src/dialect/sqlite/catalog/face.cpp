#include "dialect/sqlite/catalog/face.hpp"

#include "dialect/sqlite/catalog/follow.hpp"
#include "dialect/sqlite/catalog/check_types.hpp"
#include "dialect/sqlite/catalog/inspect.hpp"
#include "dialect/sqlite/catalog/normalize.hpp"
#include "dialect/sqlite/catalog/probe.hpp"

namespace migrate::sqlite {
namespace {

class SqliteCatalog final : public CatalogFace {
 public:
  [[nodiscard]] ServerInfo probe(Connection& /*connection*/) const override { return linked_library(); }
  [[nodiscard]] ServerInfo assume(const DatabaseUrl& /*url*/) const override { return linked_library(); }
  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& /*server*/, const InspectOptions& options) const override {
    return sqlite::inspect(connection, options);
  }
  [[nodiscard]] std::vector<ModelRemark> check_types(Connection& /*connection*/, const ServerInfo& /*server*/, const Schema& declared, const Schema& live) const override {
    return sqlite::check_types(declared, live);
  }
  [[nodiscard]] Schema normalize(Connection& /*connection*/, const ServerInfo& /*server*/, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    return sqlite::normalize(objects, declared, live);
  }
  void apply(Schema& schema, const Operation& operation) const override { apply_and_follow(schema, operation); }
};

}  // namespace

const CatalogFace& catalog_face() {
  static const SqliteCatalog instance;
  return instance;
}

}  // namespace migrate::sqlite
