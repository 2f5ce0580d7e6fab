/// The schema of a source in the target's form.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"
#include "transfer/report.hpp"

namespace migrate {

struct ConvertSides {
  const Dialect& from;
  const ServerInfo& from_server;
  const Dialect& to;
  const ServerInfo& to_server;
  Connection& target;  ///< asked whether it takes an expression; tables named migrate_probe come and go

  /// The same engine, and the same product: everything has a counterpart.
  [[nodiscard]] bool same() const { return from.name() == to.name() && from_server.product == to_server.product; }
};

struct Converted {
  Schema schema;                                    ///< as somebody would declare it for the target
  std::vector<Loss> losses;
  std::map<QualifiedName, QualifiedName> tables;    ///< source name to target name
};

/// What of the source's schema the target can have, and what is lost.
[[nodiscard]] Converted convert_schema(const Schema& source, const ConvertSides& sides);

/// The same schema without what is made behind the rows.
[[nodiscard]] Schema bare_schema(const Schema& full, const Dialect& dialect);

}  // namespace migrate
