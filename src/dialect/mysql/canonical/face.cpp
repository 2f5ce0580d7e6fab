#include "dialect/mysql/canonical/face.hpp"

#include "dialect/mysql/canonical/access.hpp"
#include "dialect/mysql/canonical/canonical.hpp"
#include "dialect/mysql/canonical/options.hpp"
#include "dialect/mysql/canonical/unasked.hpp"
#include "dialect/mysql/sql/usual_session.hpp"

namespace migrate::mysql {
namespace {

class MysqlCanonical final : public CanonicalFace {
 public:
  void canonicalize(Schema& declared, const ServerInfo& server) const override { canonicalize_schema(declared, server); }
  void canonicalize_access(const AccessPlace& place, Access& access, const ServerInfo& server, const SchemaAccess& live,
                           const Location& location) const override {
    mysql::canonicalize_access(place, access, server, live, location);
  }
  [[nodiscard]] const KnownOptions& known_options() const override { return mysql::known_options(); }
  [[nodiscard]] Options compared_when_declared(const ServerInfo& server) const override {
    auto options = usual_provenance(server);
    for (const auto* key : {"definer", "sql_mode", "charset", "collation", "time_zone"}) options.try_emplace(key);
    return options;
  }
  void take_live_words(const Schema& live, Schema& declared, const ServerInfo& server) const override {
    if (!server.capabilities.scratch_objects) take_stored_texts(live, declared, context_of(server, declared));
  }
  [[nodiscard]] std::vector<std::string> schema_wide_names(const Table& table) const override {
    std::vector<std::string> names;
    for (const auto& key : table.foreign_keys) names.push_back("key " + key.name);
    return names;
  }
};

}  // namespace

const CanonicalFace& canonical_face() {
  static const MysqlCanonical instance;
  return instance;
}

}  // namespace migrate::mysql
