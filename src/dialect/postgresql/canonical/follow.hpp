/// What a rename does to the definitions that name the renamed thing: the server keeps objects, not texts, so that
/// everything it prints follows at once.
#pragma once

#include "operation/operation.hpp"

namespace migrate::postgresql {

/// migrate::apply, with the definitions that follow a rename. Views and policies that name a renamed table keep their text:
/// the server prints the old name on as an alias.
void apply_and_follow(Schema& schema, const Operation& operation);

}  // namespace migrate::postgresql
