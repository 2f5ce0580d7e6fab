/// The face `catalog`: what the server says of itself and of the schema in it.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"
#include "project/url.hpp"

namespace migrate {

/// Which objects a command looks at.
struct InspectOptions {
  std::vector<std::string> schemas;  ///< the schemas to read; empty: the default one. The first is the default schema
  std::vector<QualifiedName> tables; ///< only these tables (and what stands on them) when not empty
  /// Whether an object is looked at at all: kind ("table", "view", "function", ...) and its name. Null: all.
  std::function<bool(std::string_view kind, const QualifiedName& name)> filter;
};

/// Something for people to know about a place in the model.
struct ModelRemark {
  std::string text;
  Location location;
};

class CatalogFace {
 public:
  virtual ~CatalogFace() = default;

  /// Asks the server what it is and can do; at most one round trip. Kept by the caller for as long as the connection.
  [[nodiscard]] virtual ServerInfo probe(Connection& connection) const = 0;

  /// What the server of a URL is taken to be when there is no connection (scripts, sections of units).
  [[nodiscard]] virtual ServerInfo assume(const DatabaseUrl& url) const = 0;

  /// The live schema in canonical form, by a number of round trips that does not grow with the number of tables.
  [[nodiscard]] virtual Schema inspect(Connection& connection, const ServerInfo& server, const InspectOptions& options) const = 0;

  /// What the database has and no model can say, as the engine names it ("operator public.~~(anynonarray,text)"): commands
  /// leave it alone. Where the same is made by an extension it is not listed.
  [[nodiscard]] virtual std::vector<std::string> left_alone(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  /// Looks whether the engine has the declared types (in canonical form) that the database does not hold at the same place
  /// already; one round trip where that cannot be known without asking. Throws Error (usage) with the model's location for a
  /// type that it cannot have. Returns what it can have and nobody may have meant.
  [[nodiscard]] virtual std::vector<ModelRemark> check_types(Connection& connection, const ServerInfo& server, const Schema& declared, const Schema& live) const = 0;

  /// Asks the engine how it would store `objects` (tables, views, routines, ... of the declared schema whose text
  /// differs from the live one): they are made in a scratch place that leaves no trace, and inspected. `declared` is the
  /// whole declared schema, for what the objects refer to. `live` is the database's. Throws Error (usage) with the
  /// model's location when the engine refuses a definition. Objects it cannot try come back unchanged.
  [[nodiscard]] virtual Schema normalize(Connection& connection, const ServerInfo& server, const Schema& objects,
                                         const Schema& declared, const Schema& live) const = 0;

  /// Reads owners and privileges of the live schema's objects into their declarations and into `live.access`, by a constant number of
  /// round trips. `also`: schemas beyond those of the live objects. Leaves it as it is where the engine has no such thing. Throws Error
  /// where they may not be read.
  virtual void read_access(Connection& connection, const ServerInfo& server, Schema& live, const std::set<std::string>& also) const {
    static_cast<void>(connection), static_cast<void>(server), static_cast<void>(live), static_cast<void>(also);
  }

  /// Makes the change in a schema value as migrate::apply does, and what else the engine changes with it: the definitions
  /// that follow a rename in place.
  virtual void apply(Schema& schema, const Operation& operation) const { migrate::apply(schema, operation); }
};

}  // namespace migrate
