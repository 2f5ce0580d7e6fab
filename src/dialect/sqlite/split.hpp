/// Scripts to statements, and what has to stand around a unit's transaction.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/dialect.hpp"

namespace migrate::sqlite {

[[nodiscard]] std::vector<Statement> split(std::string_view sql, const Location& location);
[[nodiscard]] StatementClass classify(const Statement& statement);
/// Dialect::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);

[[nodiscard]] UnitFrame frame_unit(std::vector<Statement> statements, Connection* connection);

}  // namespace migrate::sqlite
