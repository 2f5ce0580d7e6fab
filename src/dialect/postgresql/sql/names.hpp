/// The names that a statement holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace migrate::postgresql {

/// Every name that the statement holds outside strings, keywords left out, quoted for SQL: "a", "a"."b".
[[nodiscard]] std::vector<std::string> names_in(std::string_view sql);

/// The names as an SQL array of texts.
[[nodiscard]] std::string name_array(const std::vector<std::string>& names);

}  // namespace migrate::postgresql
