/// What proves that a statement took effect.
#pragma once

#include <optional>

#include "dialect/run.hpp"

namespace migrate::mysql {

/// Of CREATE TABLE, CREATE INDEX, DROP TABLE and their like; none for what changes an object.
[[nodiscard]] std::optional<Witness> witness_of(const Statement& statement);

}  // namespace migrate::mysql
