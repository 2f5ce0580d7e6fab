/// What a schema says of who may do what, and as whom.
#pragma once

#include "migrate/schema.hpp"

namespace migrate {

/// The schema without the accounts that its views and programs run as: those of one database are not those of another.
[[nodiscard]] Schema without_definers(Schema schema);

}  // namespace migrate
