/// A database that exists for one look only: something is run in it and inspected, and no trace is left.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "runner/session.hpp"

namespace migrate {

/// The place, which is gone with this value.
class ScratchPlace {
 public:
  virtual ~ScratchPlace() = default;
  [[nodiscard]] virtual Session& session() = 0;
};

/// In memory where the engine has that, else a database that is made on the same server and dropped, or the empty one that `given`
/// (`scratch:` of migrate.yaml) names, which is left empty. `schemas` as in migrate.yaml, made in it; `options` are those of the live
/// database; `purpose` for messages: "load the SQL model into". Throws Error where none can be made.
[[nodiscard]] std::unique_ptr<ScratchPlace> make_scratch(Session& live, const std::vector<std::string>& schemas, const Options& options, const std::optional<DatabaseUrl>& given,
                                                         const std::string& purpose);

/// What is in it.
[[nodiscard]] Schema inspect_scratch(ScratchPlace& place, const std::vector<std::string>& schemas);

}  // namespace migrate
