/// MySQL's and MariaDB's types and what their columns hold.
#pragma once

#include "dialect/mysql/sql/context.hpp"
#include "dialect/rows.hpp"

namespace migrate::mysql {

[[nodiscard]] ValueType value_type(const Column& column, const Context& context, const std::string& collation);
[[nodiscard]] OwnType own_type(const ValueType& type, const TypeUse& use, const Context& context);

}  // namespace migrate::mysql
