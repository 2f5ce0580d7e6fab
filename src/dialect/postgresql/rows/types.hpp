/// PostgreSQL's types and what their columns hold.
#pragma once

#include "dialect/rows.hpp"

namespace migrate::postgresql {

[[nodiscard]] ValueType value_type(const Column& column, const Schema& schema);
[[nodiscard]] OwnType own_type(const ValueType& type);

}  // namespace migrate::postgresql
