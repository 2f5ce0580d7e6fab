/// What a rename in place does to the definitions that name the renamed thing. SQLite itself knows best: it is asked, in a
/// database in memory.
#pragma once

#include <string>
#include <vector>

#include "operation/operation.hpp"

namespace migrate::sqlite {

/// Brings the texts in `schema`, in which the rename is applied already, to what they are after `statements` have run on a
/// database like `before`. False when SQLite refuses them, then nothing is changed.
[[nodiscard]] bool follow(Schema& schema, const Schema& before, const std::vector<std::string>& statements);

/// migrate::apply, with the definitions that follow a rename.
void apply_and_follow(Schema& schema, const Operation& operation);

}  // namespace migrate::sqlite
