#include "dialect/postgresql/canonical/face.hpp"

#include "dialect/postgresql/canonical/access.hpp"
#include "dialect/postgresql/canonical/canonical.hpp"
#include "dialect/postgresql/canonical/options.hpp"
#include "dialect/postgresql/canonical/spread.hpp"

namespace migrate::postgresql {
namespace {

class PostgresqlCanonical final : public CanonicalFace {
 public:
  void canonicalize(Schema& declared, const ServerInfo& server) const override { postgresql::canonicalize(declared, server); }
  void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& live,
                           const Location& location) const override {
    postgresql::canonicalize_access(place, access, server, live, location);
  }
  [[nodiscard]] const KnownOptions& known_options() const override { return postgresql::known_options(); }
  void take_live_words(const Schema& live, Schema& declared, const ServerInfo& /*server*/) const override { take_live_spread(live, declared); }
  /// Those of indexes, the ones behind constraints too.
  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    const auto add = [&](const std::string& name) { names.push_back(QualifiedName{table.name.schema, name}.text()); };
    for (const auto& index : table.indexes) add(index.name);
    for (const auto& unique : table.uniques) add(unique.name);
    for (const auto& exclusion : table.exclusions) add(exclusion.name);
    if (table.primary_key) add(table.primary_key->name);
    return names;
  }
};

}  // namespace

const CanonicalFace& canonical_face() {
  static const PostgresqlCanonical instance;
  return instance;
}

}  // namespace migrate::postgresql
