/// Operations to SQL.
#pragma once

#include <vector>

#include "dialect/statement.hpp"
#include "operation/operation.hpp"

namespace migrate::sqlite {

[[nodiscard]] std::vector<Statement> render(const std::vector<Operation>& operations, const Schema& before);

}  // namespace migrate::sqlite
