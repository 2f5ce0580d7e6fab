/// Whether two texts mean the same, told without asking the server.
#pragma once

#include <string>
#include <string_view>

#include "dialect/mysql/sql/context.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

/// Whether what was declared is what the server prints (`stored`) of it: an expression, or a view's query. The server puts parentheses around
/// every operation, the table's name in front of columns and names behind what a query shows. False where that cannot be told.
[[nodiscard]] bool stored_as(std::string_view declared, std::string_view stored, const Context& context);

/// Gives the declared expressions and queries the live texts that stored_as() says are theirs.
void take_stored_texts(const Schema& live, Schema& declared, const Context& context);

}  // namespace migrate::mysql
