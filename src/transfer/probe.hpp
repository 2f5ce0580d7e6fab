/// Asks a server whether it takes a table, without leaving one.
#pragma once

#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "migrate/schema.hpp"

namespace migrate {

class Probe {
 public:
  Probe(const Dialect& dialect, const ServerInfo& server, Connection& connection) : dialect_(dialect), server_(server), connection_(connection) {}

  /// Why the server refuses the table; "" when it takes it. The types are made with it.
  [[nodiscard]] std::string refusal(const Table& table, const std::vector<EnumType>& enums);
  /// The same for a view over what is there.
  [[nodiscard]] std::string refusal(const View& view);

 private:
  [[nodiscard]] std::string refusal(Schema schema);

  const Dialect& dialect_;
  const ServerInfo& server_;
  Connection& connection_;
};

}  // namespace migrate
