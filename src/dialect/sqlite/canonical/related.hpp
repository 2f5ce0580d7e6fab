/// What a rename may touch, read from the texts.
#pragma once

#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::sqlite {

/// The table, and everything whose definition a rename in it may touch or has to read.
[[nodiscard]] Schema related_to(const Schema& schema, const std::string& table);

/// The views that read the table through other views only. A column that is renamed takes their column away, and SQLite
/// refuses to rename it while they are there.
[[nodiscard]] std::vector<QualifiedName> indirect_views(const Schema& schema, const std::string& table);

/// Where SQLite cannot be asked (a function or module that is not there): names as tokens, in the table's own definitions.
void replace_names(Schema& schema, const Operation& rename);

[[nodiscard]] std::string renamed_trigger(const std::string& definition, const std::string& name);

}  // namespace migrate::sqlite
