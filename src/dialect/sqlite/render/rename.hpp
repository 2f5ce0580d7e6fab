/// Renames in place.
#pragma once

#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::sqlite {

/// The statements that rename the table or column in place.
[[nodiscard]] std::vector<std::string> rename_in_place(const Schema& schema, const Operation& rename);

/// A name for a table that is there for a moment only.
[[nodiscard]] std::string scratch_name(const Schema& schema, const std::string& table);

}  // namespace migrate::sqlite
