/// The databases of a fleet, found where its settings say.
#pragma once

#include <string>
#include <vector>

#include "fleet/settings.hpp"
#include "library/project.hpp"
#include "project/url.hpp"

namespace migrate::fleet {

struct FleetTarget {
  std::string name;               ///< unique in the fleet
  DatabaseUrl url;
  std::string schema;             ///< it is this schema of the database; "": the database
  std::vector<std::string> tags;

  /// The file that it is; "" where it is none.
  [[nodiscard]] std::string file() const;
  /// Comparable: two targets of the same place are the same database.
  [[nodiscard]] std::string place() const;
  /// Of what server its connections are; "" where there is none.
  [[nodiscard]] std::string server() const;
  /// Whether one of the words is one of its tags, or a glob of its name.
  [[nodiscard]] bool matches(const std::vector<std::string>& words) const;
};

struct Found {
  std::vector<FleetTarget> targets;   ///< in the order of the sources
  std::vector<std::string> remarks;   ///< databases that stand there twice, sources that gave none
};

/// Asks every source. Throws Error with the source's place: a query or command that fails, a name that stands twice.
[[nodiscard]] Found find_targets(const Project& project, const Settings& settings);

/// "@NAME", "@" or a URL as a database. Throws Error (usage).
[[nodiscard]] DatabaseUrl database_at(const Project& project, const std::string& text, const Location& location);

}  // namespace migrate::fleet
