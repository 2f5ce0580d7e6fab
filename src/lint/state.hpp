/// Follows statements on a Schema value, as far as the rules need it: tables, columns, keys, checks, indexes.
#pragma once

#include "dialect/lint.hpp"

namespace migrate::lint {

/// Makes the statement's change in `schema`. What is not understood changes nothing.
void follow(Schema& schema, const parsed::Statement& statement, const ServerInfo& server);

}  // namespace migrate::lint
