#include "dialect/sqlite/canonical/face.hpp"

#include "dialect/sqlite/canonical/canonical.hpp"
#include "dialect/sqlite/canonical/options.hpp"

namespace migrate::sqlite {
namespace {

class SqliteCanonical final : public CanonicalFace {
 public:
  void canonicalize(Schema& declared, const ServerInfo& /*server*/) const override { sqlite::canonicalize(declared); }
  /// A file has no accounts: what a model says of them is for its other engines.
  void canonicalize_access(const AccessPlace& /*place*/, Access& access, const ServerInfo& /*server*/, const SchemaAccess& /*live*/,
                           const Location& /*location*/) const override {
    access = {};
  }
  [[nodiscard]] const KnownOptions& known_options() const override { return sqlite::known_options(); }
  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    for (const auto& index : table.indexes) names.push_back(index.name);
    return names;
  }
};

}  // namespace

const CanonicalFace& canonical_face() {
  static const SqliteCanonical instance;
  return instance;
}

}  // namespace migrate::sqlite
