/// What somebody changed in the schema since the last run kept it.
#pragma once

#include <string>
#include <vector>

#include "cli/context.hpp"
#include "runner/kept_schema.hpp"

namespace migrate::cli {

/// An object that is not as it was kept.
struct DriftedObject {
  std::string kind;
  std::string name;
  std::string before;  ///< as write_model writes it; empty: it was not there
  std::string after;   ///< empty: it is gone
};

struct Drift {
  bool known = false;          ///< a schema was kept
  bool same_revisions = true;  ///< the revisions that are applied now are those of then
  std::string kept_at;
  std::string kept_by;
  Ids since;                   ///< revisions that were applied after it was kept, when `same_revisions` is false
  Difference difference;
  std::vector<DriftedObject> objects;

  [[nodiscard]] bool any() const { return !difference.empty(); }
};

/// Compares. Waits a little for a run that is about to keep its schema.
[[nodiscard]] Drift find_drift(Target& target);

/// For --check-drift: throws Error (difference) that says what was changed.
void refuse_drift(Context& context, const std::vector<VersionRow>& rows, RunEvents& events);

}  // namespace migrate::cli
