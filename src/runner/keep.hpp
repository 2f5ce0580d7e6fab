/// Nothing is lost (docs/keep.md): an upgrade keeps what its statements take away, a downgrade puts it back.
///
/// Both are done by statements among those of the unit, in a step that runs as a program: what the run protocol promises for any
/// statement holds for them. What is worked out from the catalog is remembered with the progress, so that a run that was cut off goes the
/// same way again.
#pragma once

#include <string>
#include <vector>

#include "runner/kept_records.hpp"
#include "runner/run.hpp"
#include "runner/session.hpp"
#include "runner/step.hpp"
#include "runner/versions.hpp"

namespace migrate {

class Keeper {
 public:
  Keeper(Session& session, const Versions& versions, const RunOptions& options, RunEvents& events)
      : session_(session), versions_(versions), options_(options), events_(events) {}

  /// Behind the lock, outside of any transaction: makes the table where this run keeps, reads what is kept, and lets go of what is over
  /// its time.
  void prepare();

  /// Names what the steps take away and nobody can keep. Throws Error (usage) for it when `strict`.
  void announce(const std::vector<Step>& steps);

  /// Makes a step one that keeps, or puts back; one that neither has to stays as it is. `row`: of the revision, or null.
  void take_over(Step& step, const VersionRow* row);

 private:
  void tell(const Step& step, const Statement& statement, const std::string& why) const;
  [[nodiscard]] bool keeps(const Step& step, const VersionRow* row) const;

  Session& session_;
  const Versions& versions_;
  const RunOptions& options_;
  RunEvents& events_;
  bool exists_ = false;
  bool denied_ = false;  ///< this role may not look at what is kept, if anything is
  std::vector<KeptRecord> kept_;
};

/// Lets go of records: the tables that hold them, and their rows.
void purge_kept(Session& session, const Versions& versions, const std::vector<KeptRecord>& records);

}  // namespace migrate
