/// Database URLs: sqlite:///rel.db, sqlite:////abs.db, sqlite:// (memory), postgresql://u:p@host:port/db?sslmode=...,
/// mysql://..., mariadb://..., unix sockets (?host=/dir, ?socket=/path).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

struct DatabaseUrl {
  std::string scheme;  ///< "sqlite", "postgresql", "mysql" or "mariadb" ("postgres" is read as "postgresql")
  std::string user;
  std::string password;
  std::string host;
  int port = 0;          ///< 0: the engine's own
  std::string database;  ///< a path for sqlite; "" is an in-memory database there
  std::map<std::string, std::string> parameters;

  bool operator==(const DatabaseUrl&) const = default;

  /// The dialect that serves the scheme: "sqlite", "postgresql" or "mysql".
  [[nodiscard]] std::string dialect() const;
  /// The URL for people: the password (and parameters that hold one) as "***".
  [[nodiscard]] std::string display() const;
};

/// The names that schemes of URLs, sections of units and sections of the model may have: "sqlite", "postgresql", "mysql", "mariadb".
[[nodiscard]] const std::vector<std::string>& engine_names();

/// Parses a URL; percent escapes are decoded. Throws Error (usage) that never shows the password.
[[nodiscard]] DatabaseUrl parse_url(std::string_view text);

/// Whether the text looks like a database URL rather than a file name.
[[nodiscard]] bool is_url(std::string_view text);

}  // namespace migrate
