/// Errors: the one exception type that everything in migrate throws.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace migrate {

/// A place in a file. `line` and `column` count from 1; 0 means "not known".
struct Location {
  std::string file;
  int line = 0;
  int column = 0;

  bool operator==(const Location&) const = default;
  [[nodiscard]] bool known() const { return !file.empty(); }
};

/// What went wrong, as far as a caller (or a pipeline, by exit code) needs to tell apart.
enum class ErrorKind {
  failed,       ///< the work failed (exit 1)
  usage,        ///< bad command line, configuration, model or unit (exit 2)
  difference,   ///< a difference, a pending revision or a finding (exit 3)
  locked,       ///< the migration lock was not obtained (exit 4)
  needs_person  ///< only a person can decide: a statement in doubt, an unresolved REVIEW (exit 5)
};

/// Thrown for every expected failure. `message` starts with what was being done to what, then the
/// cause (a server's own words where it has any); `hint` says what to do next, preferably a command.
///
///     throw Error{ErrorKind::usage, "model.yaml: unknown key 'colums'", "did you mean 'columns'?", where};
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::string message, std::string hint = {}, Location location = {})
      : std::runtime_error(message), kind(kind), hint(std::move(hint)), location(std::move(location)) {}

  [[nodiscard]] std::string message() const { return what(); }

  ErrorKind kind;
  std::string hint;
  Location location;
};

}  // namespace migrate
