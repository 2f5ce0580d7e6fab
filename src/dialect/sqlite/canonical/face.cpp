#include "dialect/sqlite/canonical/face.hpp"

#include "dialect/sqlite/canonical/canonical.hpp"
#include "dialect/sqlite/canonical/options.hpp"

namespace migrate::sqlite {
namespace {

class SqliteCanonical final : public CanonicalFace {
 public:
  void canonicalize(Schema& declared, const ServerInfo& /*server*/) const override { sqlite::canonicalize(declared); }
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
