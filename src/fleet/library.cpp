// The fleet inside a program (docs/library.md).
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/streams.hpp"
#include "core/text.hpp"
#include "fleet/run.hpp"
#include "fleet/work.hpp"
#include "library/planner.hpp"
#include "migrate/fleet.hpp"
#include "runner/run.hpp"
#include "runner/stop.hpp"

namespace migrate {
namespace {

using fleet::FleetTarget;
using Json = nlohmann::ordered_json;

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Config config_of(const std::filesystem::path& directory, const std::string& environment) {
  const auto file = std::filesystem::absolute(directory) / "migrate.yaml";
  if (!file_exists(file)) throw Error{ErrorKind::usage, "there is no migrate.yaml in " + directory.string(), "its section `fleet:` names the databases (docs/fleets.md)"};
  return load_config(file, environment);
}

/// In a worker: what happens, as lines that the runner reads.
class LineEvents final : public RunEvents {
 public:
  void step_done(const Step& step, std::chrono::milliseconds time) override {
    done.push_back(step.revision.id);
    if (tells) standard_output().write(one_line({{"event", "done"}, {"revision", step.revision.id}, {"duration_ms", time.count()}}));
  }
  void notice(const std::string& text) override {
    if (tells) standard_output().write(one_line({{"event", "notice"}, {"text", text}}));
  }

  std::vector<std::string> done;
  bool tells = true;
};

/// The run of one target. Throws Error; what was applied is in `events` then, too.
RunResult run_on(Target& target, const FleetUpgradeOptions& options, LineEvents& events) {
  auto run_options = target.run_options(options.lock_timeout);
  run_options.keep_schema = target.schema_keeper();
  CommandPlanner planner(target, Direction::upgrade, options.revision);
  return run(target.session(), run_options, [&](const std::vector<VersionRow>& rows) { return planner(rows); }, events);
}

/// Like report_errors of the command line: an error as an event. Returns the exit code.
int told(const std::function<int()>& work) {
  try {
    return work();
  } catch (const Error& error) {
    Json json{{"event", "error"}, {"message", error.message()}, {"hint", error.hint}};
    if (error.location.known()) {
      json["file"] = error.location.file;
      if (error.location.line > 0) json["line"] = error.location.line;
      if (error.location.column > 0) json["column"] = error.location.column;
    }
    standard_output().write(one_line(json));
  } catch (const std::exception& error) {
    standard_output().write(one_line({{"event", "error"}, {"message", std::string("unexpected: ") + error.what()}, {"hint", ""}}));
  }
  return 1;
}

class LogWatcher final : public fleet::Watcher {
 public:
  explicit LogWatcher(const FleetUpgradeOptions& options) : log_(options.log) {}

  void target_done(const FleetTarget& target, const fleet::Wave&, const fleet::Outcome& outcome) override {
    if (outcome.state == fleet::State::failed) note(target.name + ": failed: " + outcome.error);
    else note(fmt::format("{}: at {}, {}", target.name, outcome.revision.empty() ? "base" : outcome.revision, plural(static_cast<std::size_t>(outcome.steps), "revision")));
  }
  void note(const std::string& text) override {
    if (log_) log_(text);
  }

 private:
  const std::function<void(const std::string&)>& log_;
};

/// A worker that dies must not take the program along.
class WithoutPipeSignal {
 public:
  WithoutPipeSignal() {
    struct sigaction ignore {};
    ignore.sa_handler = SIG_IGN;
    ::sigaction(SIGPIPE, &ignore, &before_);
  }
  ~WithoutPipeSignal() { ::sigaction(SIGPIPE, &before_, nullptr); }
  WithoutPipeSignal(const WithoutPipeSignal&) = delete;
  WithoutPipeSignal& operator=(const WithoutPipeSignal&) = delete;

 private:
  struct sigaction before_ {};
};

std::vector<FleetTarget> targets_of(Project& project, const fleet::Settings& settings, const std::vector<std::string>& match) {
  auto found = fleet::find_targets(project, settings);
  if (!match.empty()) std::erase_if(found.targets, [&](const FleetTarget& target) { return !target.matches(match); });
  return std::move(found.targets);
}

std::chrono::milliseconds lock_wait(const Project& project, const std::string& text) {
  const auto time = text.empty() ? std::optional(project.config().lock.timeout) : parse_duration(text);
  if (!time) throw Error{ErrorKind::usage, "lock_timeout cannot be '" + text + "'", "a time such as 30s, 500ms or 5m"};
  return *time;
}

FleetTargetState state_of(fleet::State state) {
  return state == fleet::State::done ? FleetTargetState::done : state == fleet::State::stopped ? FleetTargetState::stopped : FleetTargetState::failed;
}

}  // namespace

bool FleetResult::complete() const {
  return stopped_by.empty() && std::all_of(targets.begin(), targets.end(), [](const FleetTargetResult& target) { return target.state == FleetTargetState::done; });
}

FleetResult fleet_upgrade(const std::string& directory, const FleetUpgradeOptions& options) {
  Project project(config_of(directory, options.environment));
  const auto settings = fleet::read_settings(project.config());
  auto targets = targets_of(project, settings, options.match);
  fleet::load_units(project);
  const WithoutPipeSignal quiet;
  const std::function<bool()> stop = options.stop ? options.stop : [] { return false; };
  LogWatcher watcher(options);
  fleet::Journal journal(project, settings.journal, false);
  journal.lock(lock_wait(project, options.lock_timeout), [&](const std::string& holder) { watcher.note("waiting for another run of this fleet: " + holder); }, stop);
  fleet::RunOptions run_options{.record = {"upgrade " + options.revision, who_runs(), now_utc(), ""},
                                .parallel = options.parallel,
                                .changes = true,
                                .work =
                                    [&](const FleetTarget& there, bool ask) {
                                      install_stop_handlers();
                                      Target target(project, there.url, there.schema);
                                      const int code = told([&] {
                                        LineEvents events;
                                        if (run_on(target, options, events).stopped) throw Error{ErrorKind::failed, fmt::format("stopped after {}", plural(events.done.size(), "revision"))};
                                        return 0;
                                      });
                                      standard_output().write(fleet::outcome_line(target, ask) + "\n");
                                      return code;
                                    },
                                .check = [&](const FleetTarget& target, const std::string& query) { return told([&] { return fleet::is_true(project, target, query) ? 0 : 3; }); },
                                .more = [&] { return targets_of(project, settings, options.match); },
                                .stop = stop};
  auto done = fleet::run(settings, targets, run_options, &journal, watcher);
  FleetResult result{.targets = {}, .stopped_by = std::move(done.stopped_by)};
  for (auto& outcome : done.outcomes) {
    const auto& target = targets[outcome.target];
    result.targets.push_back({target.name, settings.waves[fleet::wave_of(settings, target)].name, state_of(outcome.state), outcome.revision, outcome.steps, outcome.error, outcome.place, outcome.hint});
  }
  for (auto& name : done.not_reached) result.targets.push_back({.name = std::move(name)});
  return result;
}

std::vector<std::string> fleet_upgrade_one(const std::string& directory, const std::string& name, const FleetUpgradeOptions& options) {
  Project project(config_of(directory, options.environment));
  const auto settings = fleet::read_settings(project.config());
  const auto targets = fleet::find_targets(project, settings).targets;
  const auto found = std::find_if(targets.begin(), targets.end(), [&](const FleetTarget& target) { return target.name == name; });
  if (found == targets.end()) throw Error{ErrorKind::usage, "the fleet has no target called " + name, "`migrate fleet list` shows all; its sources are named in migrate.yaml"};
  fleet::Journal journal(project, settings.journal, false);
  auto entry = fleet::entry_of(*found, settings);
  Target target(project, found->url, found->schema);
  LineEvents events;
  events.tells = false;
  const Stopwatch watch;
  const auto note = [&](fleet::State state, const Error* error) {
    entry.state = state;
    entry.steps = static_cast<int>(events.done.size());
    entry.ms = watch.elapsed().count();
    entry.changed = now_utc();
    if (error != nullptr) {
      entry.error = error->message();
      entry.hint = error->hint;
      if (error->location.known()) entry.place = error->location.file + (error->location.line > 0 ? ":" + std::to_string(error->location.line) : "");
    } else {
      entry.revision = fleet::revision_text(target);
    }
    journal.put(entry);
  };
  try {
    (void)run_on(target, options, events);
  } catch (const Error& error) {
    note(fleet::State::failed, &error);
    throw;
  }
  note(fleet::State::done, nullptr);
  if (options.log) options.log(fmt::format("{}: {}", name, plural(events.done.size(), "revision")));
  return events.done;
}

}  // namespace migrate
