/// Portable types in SQLite's terms.
#pragma once

#include <string>

#include "migrate/schema.hpp"

namespace migrate::sqlite {

/// serial, bigserial, smallserial: an integer that numbers itself.
[[nodiscard]] bool is_serial(const std::string& canonical_type);

/// STRICT tables know six types only: the one that holds the same values.
[[nodiscard]] std::string strict_type(const std::string& canonical_type);

/// Whether SQLite can read the type: words, and up to two numbers in parentheses behind them.
[[nodiscard]] bool is_readable_type(const std::string& type);

/// Functions that other engines have as defaults, as SQLite writes them; any other text as it is.
[[nodiscard]] std::string own_default_function(const std::string& sql);

}  // namespace migrate::sqlite
