/// A connection that sends each statement by itself where the server wants it so.
#pragma once

#include <memory>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Looked at with each text: false sends it as it is. What the server wants is known only after it was asked.
using SendsApart = std::shared_ptr<bool>;

[[nodiscard]] std::unique_ptr<Connection> with_statements_apart(std::unique_ptr<Connection> connection, const Dialect& dialect, SendsApart apart);

/// Runs the statements of a text one by one. An error has its place in the text.
void execute_apart(std::string_view sql, const Dialect& dialect, const std::function<void(const std::string& statement)>& execute);

}  // namespace migrate
