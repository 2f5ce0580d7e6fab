#include "cli/fleet_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.hpp"
#include "library/page.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json, int indent = -1) { return json.dump(indent, ' ', false, Json::error_handler_t::replace); }

std::string seconds(long long ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); }

Json json_of(const fleet::Entry& entry) {
  Json json{{"name", entry.name}, {"database", entry.url}, {"wave", entry.wave}, {"tags", entry.tags}, {"state", fleet::to_text(entry.state)}, {"tries", entry.tries}, {"revision", entry.revision},
            {"steps", entry.steps}, {"duration_ms", entry.ms}, {"changed", entry.changed}};
  if (!entry.error.empty()) json["error"] = {{"message", entry.error}, {"place", entry.place}, {"hint", entry.hint}};
  return json;
}

/// What a target of a command that looks has printed, as JSON where it is that.
Json result_of(const fleet::Outcome& outcome) {
  const auto text = join(outcome.lines, "\n");
  auto json = Json::parse(text, nullptr, false);
  return json.is_discarded() ? Json(text) : json;
}

}  // namespace

void FleetPrinter::wave_started(const fleet::Wave& wave, std::size_t targets) {
  wave_ = wave.name;
  of_ = targets;
  ended_ = failed_ = 0;
  if (output_.json()) output_.line(dump({{"event", "wave"}, {"wave", wave.name}, {"targets", targets}}));
  else if (!looks_) output_.note(fmt::format("wave {}: {}", wave.name, plural(targets, "target")));
}

void FleetPrinter::target_started(const fleet::FleetTarget& target, const fleet::Wave& wave, int attempt) {
  doing_[target.name] = "";
  if (attempt > 1) note(target.name + ": its worker died; trying again");
  if (output_.json() && !looks_) output_.line(dump({{"event", "target_started"}, {"name", target.name}, {"wave", wave.name}}));
  show_progress();
}

void FleetPrinter::target_line(const fleet::FleetTarget& target, const std::string& line) {
  const auto json = line.starts_with('{') ? Json::parse(line, nullptr, false) : Json();
  if (!json.is_object() || !json.contains("event")) return;
  const auto event = json["event"].is_string() ? json["event"].get<std::string>() : "";
  if (event == "plan") {
    for (const auto& step : json["steps"]) plans_[target.name].push_back(step.value("revision", ""));
  } else if (event == "waiting") {
    if (!output_.json()) note(target.name + ": waiting for another migration" + (json.value("holder", "").empty() ? "" : ": " + json.value("holder", "")));
  } else if (event == "notice") {
    if (!output_.json()) note(target.name + ": " + json.value("text", ""));
  } else if (event == "step") {
    doing_[target.name] = json.value("revision", "");
  } else if (event == "statement") {
    doing_[target.name] = fmt::format("{} statement {}", json.value("revision", ""), json.value("statement", 0));
  }
  if (output_.json() && !looks_ && event != "error" && event != "statement" && event != "plan") {
    Json told{{"event", "target_event"}, {"name", target.name}};
    told["of"] = json;
    output_.line(dump(told));
  }
  show_progress();
}

void FleetPrinter::target_done(const fleet::FleetTarget& target, const fleet::Wave& wave, const fleet::Outcome& outcome) {
  doing_.erase(target.name);
  ++ended_;
  failed_ += outcome.state == fleet::State::failed ? 1 : 0;
  if (output_.json()) {
    Json json{{"event", "target"}, {"name", target.name}, {"wave", wave.name}, {"state", fleet::to_text(outcome.state)}, {"exit_code", outcome.code}, {"revision", outcome.revision},
              {"steps", outcome.steps}, {"duration_ms", outcome.ms}};
    if (plans_.contains(target.name)) json["plan"] = plans_[target.name];
    if (looks_ && !outcome.lines.empty()) json["result"] = result_of(outcome);
    if (!outcome.error.empty()) json["error"] = {{"message", outcome.error}, {"place", outcome.place}, {"hint", outcome.hint}};
    output_.line(dump(json));
  } else {
    print(target, outcome);
  }
  show_progress();
}

void FleetPrinter::print(const fleet::FleetTarget& target, const fleet::Outcome& outcome) const {
  if (outcome.state == fleet::State::failed) {
    output_.line(output_.bad(target.name + ": failed") + ": " + (outcome.place.empty() ? "" : shown_path(outcome.place) + ": ") + outcome.error);
    if (!outcome.hint.empty()) output_.line("  hint: " + outcome.hint);
  } else if (outcome.state == fleet::State::stopped) {
    output_.line(target.name + ": stopped at " + (outcome.revision.empty() ? "base" : outcome.revision));
  } else if (looks_) {
    const auto plan = plans_.find(target.name);
    if (plan != plans_.end()) output_.line(target.name + ": " + (plan->second.empty() ? "nothing to do" : plural(plan->second.size(), "revision") + ": " + join(plan->second, ", ")));
    else if (outcome.code != 0 || !output_.style().quiet) output_.line((outcome.code == 0 ? output_.good(target.name) : output_.bad(target.name)) + ": " + join(outcome.lines, "\n  "));
  } else if (outcome.steps > 0 || !output_.style().quiet) {
    const auto at = outcome.revision.empty() ? std::string("base") : outcome.revision;
    output_.line(outcome.steps == 0 ? output_.faint(target.name + ": nothing to do, at " + at)
                                    : output_.good(target.name) + ": at " + at + output_.faint(fmt::format("  {}, {}", plural(static_cast<std::size_t>(outcome.steps), "revision"), seconds(outcome.ms))));
  }
  for (const auto& line : outcome.notes) output_.detail("  " + target.name + ": " + line);
}

void FleetPrinter::wave_ended(const fleet::Wave& wave, const std::string& stopped_by) {
  if (output_.json()) {
    Json json{{"event", "wave_ended"}, {"wave", wave.name}, {"failed", failed_}};
    if (!stopped_by.empty()) json["stopped_by"] = stopped_by;
    output_.line(dump(json));
  }
}

void FleetPrinter::pausing(const fleet::Wave& wave) {
  if (output_.json()) output_.line(dump({{"event", "pause"}, {"wave", wave.name}, {"seconds", wave.pause.count() / 1000}}));
  else output_.note(fmt::format("wave {} is done; the next one starts in {}", wave.name, seconds(wave.pause.count())));
}

void FleetPrinter::note(const std::string& text) {
  if (output_.json()) output_.line(dump({{"event", "notice"}, {"text", text}}));
  else output_.note(text);
}

void FleetPrinter::tick() { show_progress(); }

void FleetPrinter::show_progress() {
  if (output_.json() || since_shown_.elapsed() < std::chrono::milliseconds(100)) return;
  since_shown_ = Stopwatch();
  std::string doing;
  for (const auto& [name, what] : doing_) {
    if (doing.size() > 60) break;
    doing += (doing.empty() ? "" : ", ") + name + (what.empty() ? "" : " " + what);
  }
  output_.progress(fmt::format("{}: {} of {}{}  {}", wave_, ended_, of_, failed_ == 0 ? "" : fmt::format(", {} failed", failed_), doing));
}

FleetStanding standing_of(const std::vector<fleet::Entry>& entries, const std::string& heads, bool runs) {
  FleetStanding standing;
  for (const auto& entry : entries) {
    if (entry.state == fleet::State::failed) ++standing.failed;
    else if (entry.state == fleet::State::running && !runs) ++standing.unknown;
    else if (entry.state == fleet::State::waiting && entry.revision.empty()) ++standing.waiting;
    else if (entry.revision == heads) ++standing.head;
    else ++standing.other[entry.revision.empty() ? "base" : entry.revision];
  }
  return standing;
}

std::string entry_json(const fleet::Entry& entry) { return dump(json_of(entry)); }

std::string fleet_report(const std::string& file, const fleet::RunRecord& run, const std::vector<fleet::Entry>& entries, const std::string& heads) {
  if (!file.ends_with(".html") && !file.ends_with(".htm")) {
    Json list = Json::array();
    for (const auto& entry : entries) list.push_back(json_of(entry));
    return dump({{"action", run.action}, {"who", run.who}, {"started", run.started}, {"ended", run.ended}, {"head", heads}, {"targets", list}}, 2) + "\n";
  }
  const auto standing = standing_of(entries, heads, false);
  PageTable targets{.id = "targets", .title = "Targets", .columns = {"Target", "Wave", "State", "Revision", "Time", "Error"}, .rows = {}};
  auto sorted = entries;
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return (a.state == fleet::State::failed) > (b.state == fleet::State::failed); });
  for (const auto& entry : sorted) {
    const bool unknown = entry.state == fleet::State::running;
    targets.rows.push_back({entry.name, entry.wave, std::string(unknown ? "unknown" : fleet::to_text(entry.state)), entry.revision, seconds(entry.ms),
                            (entry.place.empty() ? "" : entry.place + " ") + entry.error + (entry.hint.empty() ? "" : "\n" + entry.hint)});
    targets.marks.emplace_back(entry.state == fleet::State::failed ? "bad" : "");
  }
  std::size_t elsewhere = 0;
  for (const auto& [revision, count] : standing.other) elsewhere += count;
  Page page{.title = "Fleet: " + run.action,
            .verdict = fmt::format("{} at head ({}), {} elsewhere, {} failed, {} unknown, {} not reached", standing.head, heads.empty() ? "no revision" : heads, elsewhere, standing.failed, standing.unknown, standing.waiting),
            .good = standing.failed + standing.unknown == 0, .facts = {run.started + (run.ended.empty() ? "" : " until " + run.ended), "by " + run.who}, .sections = {}, .body = {}, .data = {}};
  page.add(targets);
  return page_html(page);
}

}  // namespace migrate::cli
