/// What units make of a schema: they run on an empty copy of it in a scratch database, and what is there before and behind them is compared.
#pragma once

#include <string>
#include <vector>

#include "autogenerate/autogenerate.hpp"
#include "library/target.hpp"

namespace migrate::review {

struct Outcome {
  Difference difference;  ///< with the renames that the statements make, and no others
  std::string unknown;    ///< why nobody can tell; "" when it is told
  Location location;      ///< of the statement that it is unknown for
};

/// What the statements `shown` change behind `first`, which run on the schema `base`. Statements that only touch rows, rights or settings
/// are left out, and nothing at all is run where one of the rest may reach out of its database (roles, other databases, programs in
/// the server): then it is unknown, as where the server refuses a statement. Throws DatabaseError when the target's own connection is lost.
[[nodiscard]] Outcome find_outcome(Target& target, const Schema& base, const std::vector<Statement>& first, const std::vector<Statement>& shown);

}  // namespace migrate::review
