#pragma once

#include "migrate/schema.hpp"

namespace migrate::sqlite {

/// Objects that SQLite would accept, with the live text where that says the same as the declared one. Throws Error (usage)
/// with the model's location for what SQLite refuses.
[[nodiscard]] Schema normalize(const Schema& objects, const Schema& declared, const Schema& live);

}  // namespace migrate::sqlite
