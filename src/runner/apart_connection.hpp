/// A connection that sends each statement by itself where the server wants it so.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Looked at with each text. What the server wants is known only after it was asked.
struct Apart {
  bool on = false;  ///< false: a text is sent as it is
  /// Runs one statement in the connection's stead, where somebody has to do more than send it.
  std::function<void(Connection& connection, const std::string& statement)> run;
};
using SendsApart = std::shared_ptr<Apart>;

[[nodiscard]] std::unique_ptr<Connection> with_statements_apart(std::unique_ptr<Connection> connection, const Dialect& dialect, SendsApart apart);

/// Runs the statements of a text one by one. An error has its place in the text.
void execute_apart(std::string_view sql, const Dialect& dialect, const std::function<void(const std::string& statement)>& execute);

}  // namespace migrate
