/// How a fleet's run is told: a live line and results on a terminal, a line a target in a pipe, events for programs, and a report.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/output.hpp"
#include "core/clock.hpp"
#include "fleet/run.hpp"

namespace migrate::cli {

class FleetPrinter final : public fleet::Watcher {
 public:
  /// `looks`: the command changes nothing, and what its targets print is the result.
  FleetPrinter(const Output& output, bool looks) : output_(output), looks_(looks) {}

  void wave_started(const fleet::Wave& wave, std::size_t targets) override;
  void target_started(const fleet::FleetTarget& target, const fleet::Wave& wave, int attempt) override;
  void target_line(const fleet::FleetTarget& target, const std::string& line) override;
  void target_done(const fleet::FleetTarget& target, const fleet::Wave& wave, const fleet::Outcome& outcome) override;
  void wave_ended(const fleet::Wave& wave, const std::string& stopped_by) override;
  void pausing(const fleet::Wave& wave) override;
  void tick() override;
  void note(const std::string& text) override;

 private:
  void show_progress();
  void print(const fleet::FleetTarget& target, const fleet::Outcome& outcome) const;

  const Output& output_;
  bool looks_;
  std::string wave_;
  std::size_t of_ = 0, ended_ = 0, failed_ = 0;
  std::map<std::string, std::string> doing_;            ///< what the targets that run do now
  std::map<std::string, std::vector<std::string>> plans_;  ///< the revisions that would run
  Stopwatch since_shown_;
};

/// "12 at head (0007-abcdef), 3 behind at 0005-abcdef, 1 failed": where a fleet stands, for people.
struct FleetStanding {
  std::size_t head = 0, failed = 0, unknown = 0, waiting = 0;
  std::map<std::string, std::size_t> other;  ///< targets that are elsewhere, by revision
};
[[nodiscard]] FleetStanding standing_of(const std::vector<fleet::Entry>& entries, const std::string& heads, bool runs);

/// The report of a fleet as one HTML file without anything from elsewhere, or as JSON by the file's name.
[[nodiscard]] std::string fleet_report(const std::string& file, const fleet::RunRecord& run, const std::vector<fleet::Entry>& entries, const std::string& heads);

/// An entry for programs.
[[nodiscard]] std::string entry_json(const fleet::Entry& entry);

}  // namespace migrate::cli
