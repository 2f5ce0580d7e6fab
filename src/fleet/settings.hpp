/// The section `fleet:` of migrate.yaml: where the databases come from, in which waves they are done, and where the journal is.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "project/config.hpp"

namespace migrate::fleet {

/// One entry of `targets`: it gives one database or many.
struct Source {
  enum class Kind {
    database,   ///< a URL
    query,      ///< rows of name, URL and tags (or of a URL alone), asked of `on`
    command,    ///< a program that prints JSON, or a URL a line
    schemas,    ///< schemas of the database `on` whose names match
    databases,  ///< databases of the server of `on` whose names match
    files       ///< SQLite files
  };
  Kind kind = Kind::database;
  std::string text;               ///< the URL, SQL, command or glob, without variables
  std::string on;                 ///< "@NAME", "@" or a URL
  std::string name;               ///< of a `database`; "": what it is called
  std::vector<std::string> tags;  ///< of all that come from here
  Location location;
};

struct Wave {
  std::string name;
  std::vector<std::string> match;          ///< tags, or globs of names; empty: all that no wave in front took
  int parallel = 0;                        ///< how many targets at a time; 0: not said
  std::string check;                       ///< a query whose one value is true on every target when the wave is well
  std::chrono::milliseconds pause{0};      ///< behind the wave, when it changed anything
  int max_failures = 0;
  bool percent = false;                    ///< `max_failures` is a share of the wave's targets
  Location location;

  /// How many failures the wave may have.
  [[nodiscard]] std::size_t budget(std::size_t targets) const;
};

struct Settings {
  std::vector<Source> sources;
  std::vector<Wave> waves;  ///< one at least
  std::string journal;      ///< a URL, or the path of a file
};

/// Throws Error (usage) with file, line and column; also when there is no such section.
[[nodiscard]] Settings read_settings(const Config& config, const Variables& variables = environment_variable);

}  // namespace migrate::fleet
