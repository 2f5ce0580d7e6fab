/// What stands behind the '?' of a PostgreSQL URL: libpq's own parameters.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "project/url.hpp"

namespace migrate::postgresql {

/// The connection string of libpq. It waits 10 seconds for each host unless the URL says otherwise, and of several hosts takes
/// the one that takes writes.
[[nodiscard]] std::string conninfo(const DatabaseUrl& url);

/// The same as settings by name.
[[nodiscard]] std::map<std::string, std::string> connection_settings(const DatabaseUrl& url);

/// What to do when libpq refused a parameter with these words; "" when it refused none.
[[nodiscard]] std::string hint_for_parameters(std::string_view words);

}  // namespace migrate::postgresql
