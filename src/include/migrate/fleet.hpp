/// Many databases from a program that hosts tenants: those that the section `fleet:` of migrate.yaml names (docs/fleets.md).
///
///     #include <migrate/fleet.hpp>
///
///     const auto fleet = migrate::fleet_upgrade("project");
///     for (const auto& target : fleet.targets) {
///       if (target.state == migrate::FleetTargetState::failed) report(target.name, target.error);
///     }
///     ...
///     migrate::fleet_upgrade_one("project", "tenant_42");   // a tenant that was made just now
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

enum class FleetTargetState {
  done,        ///< it is at the revision that was asked for
  failed,
  stopped,     ///< `stop` ended it between two statements
  not_reached  ///< its turn did not come: an earlier wave failed, or `stop` said so
};

struct FleetTargetResult {
  std::string name;
  std::string wave;      ///< "" when it was not reached
  FleetTargetState state = FleetTargetState::not_reached;
  std::string revision;  ///< the heads of what is applied, by comma; "" when nothing is, or it is not known
  int revisions = 0;     ///< how many this call applied
  std::string error;     ///< of a target that failed
  std::string place;     ///< file:line of the error
  std::string hint;
};

struct FleetResult {
  std::vector<FleetTargetResult> targets;
  std::string stopped_by;  ///< why waves were left out; "" when none was

  /// Whether all of them are where they should be.
  [[nodiscard]] bool complete() const;
};

struct FleetUpgradeOptions {
  std::string revision = "head";           ///< what to bring each to, as on the command line
  std::string environment = {};            ///< of migrate.yaml
  std::vector<std::string> match = {};     ///< tags, or globs of names; empty: all
  int parallel = 0;                        ///< how many at a time; 0: as the waves say
  std::string lock_timeout = {};           ///< "30s": how long to wait for another run of the fleet, or on a target; "": as migrate.yaml says
  std::function<bool()> stop = {};         ///< asked several times a second: true ends the run between statements
  std::function<void(const std::string& line)> log = {};  ///< gets a line for each target, and notices
};

/// What `migrate fleet upgrade` does: wave after wave, with the journal, checks, pauses and budgets of migrate.yaml. A target that fails is
/// in the result; Error is thrown for what concerns all (settings that cannot be read, another run of the fleet that does not end).
/// The work is done in processes that are forked from this one, so that call it where a fork is harmless: early, or in a program that
/// holds no locks in other threads. While it runs SIGPIPE is ignored.
FleetResult fleet_upgrade(const std::string& directory, const FleetUpgradeOptions& options = {});

/// Brings one target of the fleet to a revision, in this process and at once: without waves, and also while a run of the whole fleet is
/// under way. `name`: as `migrate fleet list` shows it; the sources are asked anew, so that a tenant made a moment ago is found. The
/// journal knows of it then. Returns the revisions that were applied. Throws Error.
std::vector<std::string> fleet_upgrade_one(const std::string& directory, const std::string& name, const FleetUpgradeOptions& options = {});

}  // namespace migrate
