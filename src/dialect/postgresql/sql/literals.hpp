/// Defaults: between the SQL the server prints and the bare values of the schema.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// What a default's SQL means for a column of that (canonical) type: 'new'::order_status is the literal `new`, NULL is
/// no default at all.
[[nodiscard]] std::optional<Default> default_from_sql(std::string_view sql, const std::string& type);

/// The canonical form of a default that somebody declared.
[[nodiscard]] std::optional<Default> canonical_default(const Default& declared, const std::string& type);

/// The default as SQL.
[[nodiscard]] std::string default_sql(const Default& value, const std::string& type);

/// The default as SQL with a cast where the context does not say the type.
[[nodiscard]] std::string typed_default_sql(const Default& value, const std::string& type);

}  // namespace migrate::postgresql
