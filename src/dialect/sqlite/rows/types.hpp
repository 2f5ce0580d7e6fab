/// SQLite's types, which are words of whoever made the table, and what their columns are meant to hold.
#pragma once

#include "dialect/rows.hpp"

namespace migrate::sqlite {

[[nodiscard]] ValueType value_type(const Column& column);
[[nodiscard]] OwnType own_type(const ValueType& type);

}  // namespace migrate::sqlite
