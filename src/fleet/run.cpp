#include "fleet/run.hpp"

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <thread>

#include "core/clock.hpp"
#include "core/text.hpp"
#include "fleet/queue.hpp"
#include "fleet/workers.hpp"

namespace migrate::fleet {
namespace {

using Json = nlohmann::json;
using std::chrono::milliseconds;

constexpr int share = 8;           // one target for so many of a server's connections: each may take two, and a fleet takes a quarter
constexpr int most_attempts = 2;   // of a target whose worker died under it

class Runner {
 public:
  Runner(const Settings& settings, std::vector<FleetTarget>& targets, const RunOptions& options, Journal* journal, Watcher& watcher)
      : settings_(settings), targets_(targets), options_(options), journal_(journal), watcher_(watcher) {}

  Result run() {
    for (const auto& target : targets_) {
      entries_.push_back(entry_of(target, settings_));
      servers_.push_back(target.server());
    }
    if (journal_ != nullptr) {
      keep_tries();
      journal_->begin(options_.record, entries_);
    }
    for (std::size_t w = 0; w < settings_.waves.size(); ++w) {
      if (w + 1 == settings_.waves.size() && options_.more) take_more();
      std::vector<std::size_t> members;
      for (std::size_t i = 0; i < targets_.size(); ++i) {
        if ((late_.contains(i) ? settings_.waves.size() - 1 : wave_of(settings_, targets_[i])) == w) members.push_back(i);
      }
      if (members.empty()) continue;
      if (!result_.stopped_by.empty()) {
        for (const auto member : members) result_.not_reached.push_back(targets_[member].name);
        continue;
      }
      run_wave(settings_.waves[w], members, w + 1 == settings_.waves.size());
    }
    if (journal_ != nullptr) journal_->end(now_utc());
    return std::move(result_);
  }

 private:
  void run_wave(const Wave& wave, const std::vector<std::size_t>& members, bool last) {
    watcher_.wave_started(wave, members.size());
    const auto before = result_.outcomes.size();
    const auto budget = options_.changes ? wave.budget(members.size()) : members.size();
    run_jobs(wave, members, budget);
    std::size_t failed = 0;
    bool changed = false;
    for (auto i = before; i < result_.outcomes.size(); ++i) {
      failed += result_.outcomes[i].state == State::failed ? 1 : 0;
      changed = changed || result_.outcomes[i].steps > 0;
    }
    if (options_.stop()) result_.stopped_by = "it was stopped";
    else if (failed > budget) result_.stopped_by = plural(failed, "target") + " of the wave " + wave.name + " failed" + (budget > 0 ? ", more than its budget of " + std::to_string(budget) : "");
    else if (options_.changes && !wave.check.empty()) check_wave(wave, members);
    watcher_.wave_ended(wave, result_.stopped_by);
    if (result_.stopped_by.empty() && !last && changed && options_.changes && wave.pause.count() > 0) pause(wave);
  }

  void pause(const Wave& wave) {
    watcher_.pausing(wave);
    const Stopwatch watch;
    while (watch.elapsed() < wave.pause && !options_.stop()) {
      watcher_.tick();
      std::this_thread::sleep_for(std::min(milliseconds(200), wave.pause - watch.elapsed()));
    }
    if (options_.stop()) result_.stopped_by = "it was stopped";
  }

  void run_jobs(const Wave& wave, const std::vector<std::size_t>& members, std::size_t budget) {
    Queue queue([this](const std::string& server) { return limit_of(server); });
    for (const auto member : members) queue.add(member, servers_[member]);
    const int parallel = options_.parallel > 0 ? options_.parallel : wave.parallel > 0 ? wave.parallel : options_.changes && !wave.match.empty() ? 1 : 4;
    std::map<std::size_t, bool> asks;  // a job's target is asked how many connections its server allows
    Workers workers(parallel, [&](std::size_t job) { return options_.work(targets_[job], asks.at(job)); });
    std::map<std::size_t, Outcome> running;
    std::map<std::size_t, Stopwatch> watches;
    std::size_t failed = 0;
    bool told = false;
    for (const auto member : members) asks[member] = first_of_server(member);
    while (!running.empty() || !queue.empty()) {
      const bool over = options_.stop() || failed > budget;
      if (over && !told && options_.stop()) {
        workers.signal(SIGTERM);
        told = true;
      }
      if (over && running.empty()) break;
      while (!over && workers.is_free()) {
        const auto next = queue.take();
        if (!next) break;
        const auto job = *next;
        begin(job, wave);
        running[job].target = job;
        watches[job] = Stopwatch();
        workers.start(job);
      }
      for (auto& news : workers.wait(milliseconds(100))) {
        const auto found = running.find(news.job);
        if (found == running.end()) continue;
        for (const auto& line : news.lines) take_line(found->second, line, news.error);
        if (!news.ended) continue;
        auto outcome = std::move(found->second);
        running.erase(found);
        queue.ended(news.job);
        outcome.ms = watches[news.job].elapsed().count();
        if (news.died && entries_[news.job].tries < most_attempts + first_tries_[news.job] && !options_.stop()) {
          queue.add(news.job, servers_[news.job]);
          continue;
        }
        settle(outcome, news);
        failed += outcome.state == State::failed ? 1 : 0;
        end(outcome, wave);
      }
      watcher_.tick();
    }
    for (const auto job : queue.waiting()) result_.not_reached.push_back(targets_[job].name);
  }

  /// A worker's last words decide; one that died has none.
  void settle(Outcome& outcome, const Workers::News& news) {
    outcome.code = news.code;
    if (news.code == 0 || (news.code == 3 && !options_.changes)) outcome.state = State::done;
    else outcome.state = options_.stop() && outcome.error.starts_with("stopped after") ? State::stopped : State::failed;
    if (outcome.state == State::failed && outcome.error.empty()) take_error(outcome);
    if (outcome.state == State::failed && outcome.error.empty()) outcome.error = news.died ? "its worker died (exit code " + std::to_string(news.code) + ")" : "exit code " + std::to_string(news.code);
  }

  /// The error of a command that tells no events: as it stands on standard error.
  static void take_error(Outcome& outcome) {
    for (const auto& line : outcome.notes) {
      if (line.starts_with("error: ")) outcome.error = line.substr(7);
      else if (line.starts_with("  hint: ")) outcome.hint = line.substr(8);
    }
  }

  void take_line(Outcome& outcome, const std::string& line, bool error) {
    if (error) {
      outcome.notes.push_back(line);
      return;
    }
    const auto json = line.starts_with('{') ? Json::parse(line, nullptr, false) : Json();
    const auto event = json.is_object() && json.contains("event") && json["event"].is_string() ? json["event"].get<std::string>() : std::string();
    if (event == "error") {
      outcome.error = json.value("message", "");
      outcome.hint = json.value("hint", "");
      outcome.place = json.value("file", "");
      for (const char* part : {"line", "column"}) {
        if (json.contains(part)) outcome.place += ":" + std::to_string(json.value(part, 0));
      }
    } else if (event == "done") {
      ++outcome.steps;
    } else if (event == outcome_event) {
      outcome.revision = json.value("revision", "");
      if (const int limit = json.value("max_connections", 0); limit > 0) limits_[servers_[outcome.target]] = std::max(1, limit / share);
      return;
    } else if (event.empty()) {
      outcome.lines.push_back(line);
    }
    watcher_.target_line(targets_[outcome.target], line);
  }

  // ---- a share of each server's connections ----

  bool first_of_server(std::size_t job) {
    const auto& server = servers_[job];
    return !server.empty() && !limits_.contains(server) && asked_.insert(server).second;
  }

  /// Until a server has said how many it allows, one target of it runs at a time.
  int limit_of(const std::string& server) const {
    const auto limit = limits_.find(server);
    return limit == limits_.end() ? 1 : limit->second;
  }

  // ---- a wave's check ----

  void check_wave(const Wave& wave, const std::vector<std::size_t>& members) {
    Queue queue([this](const std::string& server) { return limit_of(server); });
    const std::set<std::size_t> own(members.begin(), members.end());
    for (const auto& outcome : result_.outcomes) {
      if (outcome.state == State::done && own.contains(outcome.target)) queue.add(outcome.target, servers_[outcome.target]);
    }
    Workers workers(options_.parallel > 0 ? options_.parallel : wave.parallel > 0 ? wave.parallel : 4, [&](std::size_t job) { return options_.check(targets_[job], wave.check); });
    std::map<std::size_t, Outcome> running;
    std::vector<std::string> bad;
    while (!running.empty() || (!queue.empty() && !options_.stop())) {
      while (workers.is_free() && !options_.stop()) {
        const auto job = queue.take();
        if (!job) break;
        running[*job].target = *job;
        workers.start(*job);
      }
      for (auto& news : workers.wait(milliseconds(100))) {
        auto& outcome = running[news.job];
        outcome.target = news.job;
        for (const auto& line : news.lines) take_line(outcome, line, news.error);
        if (!news.ended) continue;
        if (news.code != 0) {
          bad.push_back(targets_[news.job].name);
          watcher_.note("the check of the wave " + wave.name + (outcome.error.empty() ? " is not true on " : " failed on ") + targets_[news.job].name + (outcome.error.empty() ? "" : ": " + outcome.error));
        }
        running.erase(news.job);
        queue.ended(news.job);
      }
    }
    if (!bad.empty()) result_.stopped_by = "the check of the wave " + wave.name + " is not true on " + join(bad, ", ");
    else if (options_.stop()) result_.stopped_by = "it was stopped";
  }

  // ---- the journal ----

  /// What earlier runs counted and know stays until a target's turn comes.
  void keep_tries() {
    std::map<std::string, Entry> known;
    for (auto& entry : journal_->entries()) known.emplace(entry.name, std::move(entry));
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      const auto before = known.find(entries_[i].name);
      if (before == known.end()) continue;
      entries_[i].tries = before->second.tries;
      entries_[i].revision = before->second.revision;
      first_tries_[i] = before->second.tries;
    }
  }

  void begin(std::size_t job, const Wave& wave) {
    auto& entry = entries_[job];
    ++entry.tries;
    entry.state = State::running;
    entry.changed = now_utc();
    entry.error = entry.place = entry.hint = "";
    entry.steps = 0;
    if (journal_ != nullptr) journal_->write(entry);
    watcher_.target_started(targets_[job], wave, entry.tries - first_tries_[job]);
  }

  void end(Outcome& outcome, const Wave& wave) {
    auto& entry = entries_[outcome.target];
    entry.state = outcome.state;
    entry.steps = outcome.steps;
    entry.ms = outcome.ms;
    entry.changed = now_utc();
    if (!outcome.revision.empty() || outcome.state == State::done) entry.revision = outcome.revision;
    entry.error = outcome.error;
    entry.place = outcome.place;
    entry.hint = outcome.hint;
    if (journal_ != nullptr) journal_->write(entry);
    watcher_.target_done(targets_[outcome.target], wave, outcome);
    result_.outcomes.push_back(std::move(outcome));
  }

  void take_more() {
    std::set<std::string> places;
    for (const auto& target : targets_) places.insert(target.place());
    std::vector<Entry> fresh;
    for (auto& target : options_.more()) {
      if (!places.insert(target.place()).second) continue;
      watcher_.note(target.name + " came to the fleet meanwhile");
      targets_.push_back(std::move(target));  // its own wave may be over: the last one takes it
      entries_.push_back(entry_of(targets_.back(), settings_));
      servers_.push_back(targets_.back().server());
      entries_.back().wave = settings_.waves.back().name;
      late_.insert(targets_.size() - 1);
      fresh.push_back(entries_.back());
    }
    if (journal_ != nullptr && !fresh.empty()) journal_->begin(journal_->run(), fresh);
  }

  const Settings& settings_;
  std::vector<FleetTarget>& targets_;
  const RunOptions& options_;
  Journal* journal_;
  Watcher& watcher_;
  Result result_;
  std::vector<Entry> entries_;
  std::vector<std::string> servers_;        ///< of each target
  std::map<std::size_t, int> first_tries_;  ///< how often earlier runs tried it
  std::map<std::string, int> limits_;       ///< connections that we take of a server
  std::set<std::string> asked_;
  std::set<std::size_t> late_;
};

}  // namespace

std::size_t wave_of(const Settings& settings, const FleetTarget& target) {
  for (std::size_t i = 0; i < settings.waves.size(); ++i) {
    if (settings.waves[i].match.empty() || target.matches(settings.waves[i].match)) return i;
  }
  return settings.waves.size() - 1;
}

Entry entry_of(const FleetTarget& target, const Settings& settings) {
  Entry entry;
  entry.name = target.name;
  entry.url = target.url.display() + (target.schema.empty() ? "" : " schema " + target.schema);
  entry.wave = settings.waves[wave_of(settings, target)].name;
  entry.tags = target.tags;
  entry.changed = now_utc();
  return entry;
}

Result run(const Settings& settings, std::vector<FleetTarget>& targets, const RunOptions& options, Journal* journal, Watcher& watcher) {
  return Runner(settings, targets, options, journal, watcher).run();
}

}  // namespace migrate::fleet
