/// Database URLs: sqlite:///rel.db, sqlite:////abs.db, sqlite:// (memory), postgresql://u:p@host:port/db?sslmode=...,
/// mysql://..., mariadb://..., unix sockets (?host=/dir, ?socket=/path).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

/// One of the hosts that a URL names.
struct Endpoint {
  std::string host;  ///< a name, an address (IPv6 without brackets), a folder of a unix socket; "" is the engine's own
  int port = 0;      ///< 0: the engine's own

  bool operator==(const Endpoint&) const = default;
};

struct DatabaseUrl {
  std::string scheme;  ///< "sqlite", "postgresql", "mysql" or "mariadb" ("postgres" is read as "postgresql")
  std::string user;
  std::string password;
  std::string host;      ///< several with commas between
  int port = 0;          ///< 0: the engine's own; of several hosts that differ, parameters["port"] holds the list
  std::string database;  ///< a path for sqlite; "" is an in-memory database there
  std::map<std::string, std::string> parameters;

  bool operator==(const DatabaseUrl&) const = default;

  /// The dialect that serves the scheme: "sqlite", "postgresql" or "mysql".
  [[nodiscard]] std::string dialect() const;
  /// The URL for people: the password (and parameters that hold one) as "***".
  [[nodiscard]] std::string display() const;
  /// The hosts in the order of the URL; one at least.
  [[nodiscard]] std::vector<Endpoint> endpoints() const;
};

/// The names that schemes of URLs, sections of units and sections of the model may have: "sqlite", "postgresql", "mysql", "mariadb".
[[nodiscard]] const std::vector<std::string>& engine_names();

/// Parses a URL; percent escapes are decoded, and a '%' that starts none is refused. Throws Error (usage) that shows the URL
/// without its password.
[[nodiscard]] DatabaseUrl parse_url(std::string_view text);

/// The value of a variable as it stands in a URL behind `before` and in front of `after` (where variables that are not filled in
/// yet are letters): escaped where it would be misread. A user, a password or a parameter's value may be any text.
/// What is escaped already, and what holds more than one part of a URL, stays as it is.
[[nodiscard]] std::string value_in_url(std::string_view value, std::string_view before, std::string_view after);

/// Whether the text looks like a database URL rather than a file name.
[[nodiscard]] bool is_url(std::string_view text);

}  // namespace migrate
