#include "dialect/mysql/catalog/face.hpp"

#include <algorithm>

#include "dialect/mysql/canonical/canonical_column.hpp"
#include "dialect/mysql/canonical/programs.hpp"
#include "dialect/mysql/catalog/access.hpp"
#include "dialect/mysql/catalog/check_types.hpp"
#include "dialect/mysql/catalog/inspect.hpp"
#include "dialect/mysql/catalog/normalize.hpp"
#include "dialect/mysql/catalog/plain_mode.hpp"
#include "dialect/mysql/catalog/probe.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

class MysqlCatalog final : public CatalogFace {
 public:
  [[nodiscard]] ServerInfo probe(Connection& connection) const override { return probe_server(connection); }
  [[nodiscard]] ServerInfo assume(const DatabaseUrl& url) const override { return assumed_server(url); }
  [[nodiscard]] Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) const override {
    const PlainMode plain(connection, server);
    return inspect_database(connection, server, options);
  }
  void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also) const override {
    mysql::read_access(connection, server, live, also);
  }
  [[nodiscard]] std::vector<std::string> left_alone(Connection& connection) const override { return objects_left_alone(connection); }
  [[nodiscard]] std::vector<ModelRemark> check_types(Connection& connection, const ServerInfo& server, const Schema& declared, const Schema& live) const override {
    return mysql::check_types(connection, server, declared, live);
  }
  [[nodiscard]] Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects, const Schema& declared,
                                 const Schema& live) const override {
    const PlainMode plain(connection, server, std::any_of(objects.tables.begin(), objects.tables.end(), has_zero_dates));
    return normalize_objects(connection, server, objects, declared, live);
  }
  /// A program's text begins with its name.
  void apply(Schema& schema, const Operation& operation) const override {
    migrate::apply(schema, operation);
    const auto follow = [](auto& programs, const auto* rename) {
      auto* program = rename == nullptr ? nullptr : find_named(programs, rename->to);
      if (program != nullptr) program->definition = renamed_program(program->definition, quote_name(rename->to), lexical_rules());
    };
    follow(schema.routines, std::get_if<Rename<Routine>>(&operation));
    follow(schema.definitions, std::get_if<Rename<Definition>>(&operation));
  }
};

}  // namespace

const CatalogFace& catalog_face() {
  static const MysqlCatalog instance;
  return instance;
}

}  // namespace migrate::mysql
