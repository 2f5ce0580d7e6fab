/// Operations to statements.
#pragma once

#include <vector>

#include "dialect/render.hpp"

namespace migrate::mysql {

[[nodiscard]] std::vector<Statement> render_operations(const std::vector<Operation>& operations, const Schema& before, const ServerInfo& server);
/// The statements of each part; a foreign key that stands in the way comes back at the very end.
[[nodiscard]] std::vector<std::vector<Statement>> render_operation_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                                         const ServerInfo& server);

}  // namespace migrate::mysql
