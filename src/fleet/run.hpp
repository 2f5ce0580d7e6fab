/// Brings the databases of a fleet where they should be, wave by wave.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fleet/journal.hpp"
#include "fleet/settings.hpp"
#include "fleet/targets.hpp"

namespace migrate::fleet {

/// What a target's work came to.
struct Outcome {
  std::size_t target = 0;
  State state = State::done;
  int code = 0;                ///< the exit code that the command has for one database
  int steps = 0;
  std::string revision;
  long long ms = 0;
  std::string error;           ///< of a target that failed
  std::string place;
  std::string hint;
  std::vector<std::string> lines;   ///< what it printed, for commands that look
  std::vector<std::string> notes;   ///< what it said on standard error
};

/// What happens, for a terminal, a pipe or a program.
class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void wave_started(const Wave& wave, std::size_t targets) { (void)wave, (void)targets; }
  virtual void target_started(const FleetTarget& target, const Wave& wave, int attempt) { (void)target, (void)wave, (void)attempt; }
  /// A line that the target's own run says.
  virtual void target_line(const FleetTarget& target, const std::string& line) { (void)target, (void)line; }
  virtual void target_done(const FleetTarget& target, const Wave& wave, const Outcome& outcome) { (void)target, (void)wave, (void)outcome; }
  virtual void wave_ended(const Wave& wave, const std::string& stopped_by) { (void)wave, (void)stopped_by; }
  virtual void pausing(const Wave& wave) { (void)wave; }
  virtual void tick() {}
  virtual void note(const std::string& text) { (void)text; }
};

/// The words by which a worker's lines tell the runner what came of a target.
inline constexpr std::string_view outcome_event = "fleet_target";

struct RunOptions {
  RunRecord record;                ///< for the journal
  int parallel = 0;                ///< in place of what the waves say; 0: as they do
  bool changes = true;             ///< it may change the targets: waves, journal and lock; else all go in one wave and the journal stays
  /// The work on one target, in a worker; `ask_limit`: say how many connections the server allows. Returns the exit code.
  std::function<int(const FleetTarget& target, bool ask_limit)> work;
  /// Whether a query's one value is true on the target, in a worker: 0 it is, 3 it is not, else it failed.
  std::function<int(const FleetTarget& target, const std::string& query)> check;
  /// Finds what came to the fleet meanwhile; called in front of the last wave.
  std::function<std::vector<FleetTarget>()> more;
  std::function<bool()> stop;      ///< somebody wants it to end
};

struct Result {
  std::vector<Outcome> outcomes;           ///< in the order in which they ended
  std::vector<std::string> not_reached;    ///< names of targets that no wave came to
  std::string stopped_by;                  ///< why waves were left out; "" when none was
};

/// Runs the waves over the targets. `journal` is null for work that only looks.
Result run(const Settings& settings, std::vector<FleetTarget>& targets, const RunOptions& options, Journal* journal, Watcher& watcher);

/// The wave that a target belongs to: the first that takes it.
[[nodiscard]] std::size_t wave_of(const Settings& settings, const FleetTarget& target);

/// What the journal says of a target before its turn has come.
[[nodiscard]] Entry entry_of(const FleetTarget& target, const Settings& settings);

}  // namespace migrate::fleet
