// migrate fleet: many databases
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "cli/application.hpp"
#include "cli/context.hpp"
#include "cli/fleet_output.hpp"
#include "core/clock.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"
#include "fleet/run.hpp"
#include "fleet/work.hpp"
#include "revision/graph.hpp"
#include "runner/stop.hpp"

namespace migrate::cli {
namespace {

using fleet::FleetTarget;
using Json = nlohmann::ordered_json;

std::string heads_text(Project& project) { return join(project.graph().heads(), ", "); }

class Fleet {
 public:
  explicit Fleet(Context& context) : context_(context), project_(context.project()), settings_(fleet::read_settings(project_.config())) {}

  int list() {
    const auto targets = find(true);
    if (context_.output.json()) {
      Json all = Json::array();
      for (const auto& target : targets) {
        Json entry{{"name", target.name}, {"database", target.url.display()}, {"wave", wave_of(target).name}, {"tags", target.tags}};
        if (!target.schema.empty()) entry["schema"] = target.schema;
        all.push_back(std::move(entry));
      }
      context_.output.line(all.dump(2, ' ', false, Json::error_handler_t::replace));
      return 0;
    }
    for (const auto& target : targets) {
      context_.output.line(fmt::format("{}  {}{}  wave {}{}", context_.output.strong(target.name), target.url.display(), target.schema.empty() ? "" : " schema " + target.schema, wave_of(target).name,
                                       target.tags.empty() ? "" : "  [" + join(target.tags, ", ") + "]"));
    }
    context_.output.note(plural(targets.size(), "target"));
    return 0;
  }

  int status() {
    fleet::Journal journal(project_, settings_.journal, true);
    const auto run = journal.run();
    const auto entries = chosen(journal.entries());
    const auto heads = heads_text(project_);
    report(run, entries);
    if (context_.output.json()) {
      Json targets = Json::array();
      for (const auto& entry : entries) targets.push_back(Json::parse(entry_json(entry)));
      const auto standing = standing_of(entries, heads, false);
      context_.output.line(Json({{"action", run.action}, {"who", run.who}, {"started", run.started}, {"ended", run.ended}, {"head", heads}, {"at_head", standing.head}, {"elsewhere", standing.other},
                                 {"failed", standing.failed}, {"unknown", standing.unknown}, {"waiting", standing.waiting}, {"targets", targets}})
                               .dump(2, ' ', false, Json::error_handler_t::replace));
      return 0;
    }
    if (entries.empty()) {
      context_.output.note("the journal knows of no target: nothing has run on this fleet yet");
      return 0;
    }
    context_.output.line(fmt::format("{} by {}, started {}{}", run.action, run.who, run.started, run.ended.empty() ? ", not ended: it runs, or was killed" : ", ended " + run.ended));
    print_standing(entries, heads);
    for (const auto& entry : entries) {
      if (entry.state == fleet::State::failed) {
        context_.output.line(fmt::format("{}: {}{}", context_.output.bad(entry.name), entry.place.empty() ? "" : shown_path(entry.place) + ": ", entry.error));
        if (!entry.hint.empty()) context_.output.line("  hint: " + entry.hint);
      } else if (entry.state == fleet::State::running) {
        context_.output.line(entry.name + ": its run has not said how it ended (since " + entry.changed + ")");
      }
    }
    return 0;
  }

  /// upgrade, downgrade, check, drift: the plain command on every target.
  int command(const std::string& name, const std::string& argument, const std::function<bool(const FleetTarget&)>& wanted = {}) {
    const bool changes = (name == "upgrade" || name == "downgrade") && !context_.arguments.has("dry-run");
    auto targets = find(true);
    if (wanted) std::erase_if(targets, [&](const FleetTarget& target) { return !wanted(target); });
    if (targets.empty()) {
      context_.output.note("nothing to do");
      return 0;
    }
    fleet::load_units(project_);
    if (changes && project_.config().confirm) context_.confirm(fmt::format("{} {}?", name == "upgrade" ? "Upgrade" : "Downgrade", plural(targets.size(), "database")));
    install_stop_handlers();
    FleetPrinter printer(context_.output, !changes);
    std::optional<fleet::Journal> journal;
    if (changes) {
      journal.emplace(project_, settings_.journal, false);
      journal->lock(lock_wait(), [&](const std::string& holder) { printer.note("waiting for another run of this fleet: " + holder); }, stop_requested);
    }
    const auto arguments = arguments_for(name, argument);
    fleet::RunOptions options{.record = {name + (argument.empty() ? "" : " " + argument), who_runs(), now_utc(), ""},
                              .parallel = parallel(),
                              .changes = changes,
                              .work = [&](const FleetTarget& target, bool ask) { return work(arguments, target, ask); },
                              .check = [&](const FleetTarget& target, const std::string& query) { return is_true(target, query); },
                              .more = {},
                              .stop = stop_requested};
    if (changes && !wanted) options.more = [&] { return find(false); };
    const auto result = fleet::run(settings_, targets, options, journal ? &*journal : nullptr, printer);
    return finish(result, targets, options, journal ? &*journal : nullptr);
  }

  int retry() {
    std::string action;
    std::set<std::string> names;
    {
      fleet::Journal journal(project_, settings_.journal, true);
      action = journal.run().action;
      for (const auto& entry : journal.entries()) {
        if (entry.state != fleet::State::done) names.insert(entry.name);
      }
    }
    if (action.empty()) throw Error{ErrorKind::usage, "there is no run to take up: nothing has run on this fleet yet", "migrate fleet upgrade"};
    const auto blank = action.find(' ');
    return command(action.substr(0, blank), blank == std::string::npos ? "" : action.substr(blank + 1), [names](const FleetTarget& target) { return names.contains(target.name); });
  }

  /// Upgrades whenever the units change.
  int watch() {
    const auto interval = parse_duration(context_.arguments.get("interval", "30s"));
    if (!interval || interval->count() == 0) throw Error{ErrorKind::usage, "--interval cannot be '" + context_.arguments.get("interval") + "'", "a time such as 30s or 5m"};
    install_stop_handlers();
    std::string seen = "nothing yet";
    while (!stop_requested()) {
      if (const auto pull = context_.arguments.get("pull"); !pull.empty()) {
        if (const int status = std::system(pull.c_str()); status != 0) context_.output.warn("`" + pull + "` failed; the units stay as they are");
      }
      try {
        project_.reload_units();
        std::string now;
        for (const auto& unit : project_.units()) now += unit.revision.id + " " + project_.checksum_of(unit) + "\n";
        if (now != seen) {
          (void)command("upgrade", "head");
          seen = now;
        }
      } catch (const Error& error) {
        context_.output.error(error);
      }
      const Stopwatch watch;
      while (watch.elapsed() < *interval && !stop_requested()) std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
    return 0;
  }

 private:
  [[nodiscard]] const fleet::Wave& wave_of(const FleetTarget& target) const { return settings_.waves[fleet::wave_of(settings_, target)]; }

  std::vector<FleetTarget> find(bool tell) {
    auto found = fleet::find_targets(project_, settings_);
    if (tell) {
      for (const auto& remark : found.remarks) context_.output.note(remark);
    }
    const auto words = context_.arguments.all("match");
    if (!words.empty()) std::erase_if(found.targets, [&](const FleetTarget& target) { return !target.matches(words); });
    if (found.targets.empty() && tell) throw Error{ErrorKind::usage, words.empty() ? "the fleet has no target" : "no target of the fleet matches " + join(words, ", "), "`migrate fleet list` shows all"};
    return std::move(found.targets);
  }

  std::vector<fleet::Entry> chosen(std::vector<fleet::Entry> entries) const {
    const auto words = context_.arguments.all("match");
    if (!words.empty()) std::erase_if(entries, [&](const fleet::Entry& entry) { return std::none_of(words.begin(), words.end(), [&](const auto& word) { return word == entry.wave || std::find(entry.tags.begin(), entry.tags.end(), word) != entry.tags.end() || glob_match(word, entry.name); }); });
    return entries;
  }

  [[nodiscard]] int parallel() const {
    const auto text = context_.arguments.get("parallel", "0");
    const int number = std::atoi(text.c_str());
    if (context_.arguments.has("parallel") && (number < 1 || number > 256 || text.find_first_not_of("0123456789") != std::string::npos)) throw Error{ErrorKind::usage, "--parallel needs a number from 1 to 256, not '" + text + "'"};
    return number;
  }

  [[nodiscard]] std::chrono::milliseconds lock_wait() const {
    return context_.arguments.has("lock-timeout") ? context_.time_of("lock-timeout") : project_.config().lock.timeout;
  }

  /// The command line of one target.
  [[nodiscard]] Arguments arguments_for(const std::string& name, const std::string& argument) const {
    Arguments arguments;
    arguments.command = name;
    if (!argument.empty()) arguments.positional.push_back(argument);
    for (const auto& option : {"lock-timeout", "dry-run"}) {
      if (context_.arguments.has(option)) arguments.options[option] = context_.arguments.all(option);
    }
    for (const auto* set : {"yes", "no-input"}) arguments.options[set] = {""};
    if (tells_events(name)) arguments.options["json"] = {""};
    return arguments;
  }

  /// Runs tell what they do as events; what a command that looks has to say goes on as it is.
  [[nodiscard]] bool tells_events(const std::string& name) const { return context_.output.json() || name == "upgrade" || name == "downgrade"; }

  /// In a worker.
  int work(const Arguments& arguments, const FleetTarget& target, bool ask) {
    const auto& spec = *command_named(arguments.command);
    Context context(arguments, Output(Style{.json = arguments.has("json")}), spec.looks || arguments.has("dry-run"), project_, target.url, target.schema);
    const int code = report_errors(context.output, [&] { return spec.run(context); });
    context.output.line(fleet::outcome_line(context.target(), ask));
    return code;
  }

  int is_true(const FleetTarget& target, const std::string& query) {
    Output output(Style{.json = true});
    return report_errors(output, [&] { return fleet::is_true(project_, target, query) ? 0 : 3; });
  }

  int finish(const fleet::Result& result, const std::vector<FleetTarget>& targets, const fleet::RunOptions& options, fleet::Journal* journal) {
    std::size_t failed = 0;
    std::size_t differing = 0;
    std::size_t stopped = 0;
    std::vector<fleet::Entry> entries;
    for (const auto& outcome : result.outcomes) {
      failed += outcome.state == fleet::State::failed ? 1 : 0;
      stopped += outcome.state == fleet::State::stopped ? 1 : 0;
      differing += outcome.state == fleet::State::done && outcome.code == 3 ? 1 : 0;
      if (journal != nullptr) continue;
      const auto& target = targets[outcome.target];
      entries.push_back({target.name, target.url.display(), wave_of(target).name, target.tags, outcome.state, 1, outcome.revision, outcome.steps, outcome.ms, now_utc(),
                         outcome.code == 3 ? "differs" : outcome.error, outcome.place, outcome.hint});
    }
    if (journal != nullptr) {
      std::set<std::string> names;
      for (const auto& target : targets) names.insert(target.name);
      entries = journal->entries();
      std::erase_if(entries, [&](const fleet::Entry& entry) { return !names.contains(entry.name); });
    }
    auto record = options.record;
    record.ended = now_utc();
    report(record, entries);
    if (context_.output.json()) {
      context_.output.line(Json({{"event", "fleet"}, {"targets", targets.size()}, {"done", result.outcomes.size() - failed - stopped}, {"failed", failed}, {"differing", differing}, {"not_reached", result.not_reached},
                                 {"stopped_by", result.stopped_by}})
                               .dump(-1, ' ', false, Json::error_handler_t::replace));
    } else {
      context_.output.note(fmt::format("{} of {} done{}{}{}", result.outcomes.size() - failed - stopped, plural(targets.size(), "target"), failed == 0 ? "" : fmt::format(", {} failed", failed),
                                       differing == 0 ? "" : fmt::format(", {} differ", differing), result.not_reached.empty() ? "" : fmt::format(", {} not reached", result.not_reached.size())));
    }
    if (!result.stopped_by.empty()) throw Error{ErrorKind::failed, "the fleet's run ended early: " + result.stopped_by, "`migrate fleet status` says where each target stands, `migrate fleet retry` takes up what is left"};
    return failed > 0 || stopped > 0 || !result.not_reached.empty() ? 1 : differing > 0 ? 3 : 0;
  }

  void print_standing(const std::vector<fleet::Entry>& entries, const std::string& heads) {
    const auto standing = standing_of(entries, heads, false);
    const auto& output = context_.output;
    output.line(fmt::format("{:>6}  at head{}", standing.head, heads.empty() ? "" : " (" + heads + ")"));
    for (const auto& [revision, count] : standing.other) {
      const auto ids = split(replace_all(revision, ", ", ","), ',');
      const bool ahead = revision != "base" && std::any_of(ids.begin(), ids.end(), [&](const auto& id) { return project_.graph().find(id) == nullptr; });
      output.line(fmt::format("{:>6}  {} at {}", count, ahead ? "ahead" : "behind", revision));
    }
    if (standing.failed > 0) output.line(fmt::format("{:>6}  failed", standing.failed));
    if (standing.unknown > 0) output.line(fmt::format("{:>6}  unknown: the run was killed, or is at it", standing.unknown));
    if (standing.waiting > 0) output.line(fmt::format("{:>6}  not reached yet", standing.waiting));
  }

  void report(const fleet::RunRecord& run, const std::vector<fleet::Entry>& entries) {
    const auto file = context_.arguments.get("report");
    if (!file.empty()) (void)context_.output.file(file, fleet_report(file, run, entries, heads_text(project_)));
  }

  Context& context_;
  Project& project_;
  fleet::Settings settings_;
};

}  // namespace

int run_fleet(Context& context) {
  const auto& name = context.arguments.at(0);
  const auto argument = context.arguments.at(1);
  const std::vector<std::string> names{"list", "upgrade", "downgrade", "check", "drift", "status", "retry", "watch"};
  if (std::find(names.begin(), names.end(), name) == names.end()) throw Error{ErrorKind::usage, "there is no command `fleet " + name + "`", did_you_mean(name, names)};
  if (!argument.empty() && name != "upgrade" && name != "downgrade") throw Error{ErrorKind::usage, "`fleet " + name + "` takes no revision"};
  if (argument.empty() && name == "downgrade") throw Error{ErrorKind::usage, "`fleet downgrade` needs a revision", "base reverts all, -1 the last one"};
  Fleet fleet(context);
  if (name == "list") return fleet.list();
  if (name == "status") return fleet.status();
  if (name == "retry") return fleet.retry();
  if (name == "watch") return fleet.watch();
  return fleet.command(name, name == "upgrade" && argument.empty() ? "head" : argument);
}

}  // namespace migrate::cli
