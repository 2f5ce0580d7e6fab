#include "cli/events.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "revision/graph.hpp"

namespace migrate::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string one_line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json about(const char* event, const Step& step) {
  return {{"event", event}, {"revision", step.revision.id}, {"direction", to_text(step.direction)}};
}

/// A unit that somebody has made and forgotten to fill; a merge has nothing to run on purpose.
bool forgotten(const Step& step) {
  return step.direction == Direction::upgrade && step.statements.empty() && !step.program && step.stands_for.empty() && step.revision.parents.size() < 2;
}

/// MIGRATE_PROGRESS: seconds between two lines about a statement that still runs; 0 is none.
std::chrono::seconds progress_interval() {
  const char* text = std::getenv("MIGRATE_PROGRESS");
  if (text == nullptr || *text == '\0') return std::chrono::seconds(30);
  int seconds = 0;
  const auto* const end = text + std::strlen(text);
  const auto [last, error] = std::from_chars(text, end, seconds);
  if (error != std::errc() || last != end || seconds < 0) throw Error{ErrorKind::usage, "the environment variable MIGRATE_PROGRESS is not a number of seconds: " + std::string(text), "write MIGRATE_PROGRESS=30, or 0 for no lines"};
  return std::chrono::seconds(seconds);
}

}  // namespace

EventPrinter::EventPrinter(const Output& output) : output_(output), every_(progress_interval()), ticker_([this](std::chrono::seconds time) { still_running(time); }) {}

std::string EventPrinter::progress_line() const {
  const auto detail = !detail_.empty() ? detail_ : done_ > 0 && statements_ > 1 ? fmt::format("statement {} of {}", std::min(done_ + 1, statements_), statements_) : "";
  return fmt::format("[{}/{}] {} {}{}{}", number_, total_, to_text(direction_), title_, detail.empty() ? "" : ": ", detail);
}

/// Called by the ticker, with its mutex held.
void EventPrinter::still_running(std::chrono::seconds time) const {
  if (output_.shows_progress()) {
    if (time.count() > 1) output_.progress(progress_line(), fmt::format("  {} s", time.count()));
    return;
  }
  if (every_.count() == 0 || time.count() % every_.count() != 0) return;
  const auto where = done_ > 0 && done_ < statements_ ? fmt::format(": statement {} of {}", done_ + 1, statements_) : "";
  if (output_.json()) {
    output_.line(one_line({{"event", "progress"}, {"revision", revision_}, {"direction", to_text(direction_)}, {"text", fmt::format("running for {} s", time.count())}}));
  } else {
    output_.note(fmt::format("{}{} has been running for {} s", title_, where, time.count()));
  }
}

void EventPrinter::plan(const std::vector<Step>& steps) {
  total_ = steps.size();
  number_ = 0;
  if (!output_.json()) return;
  Json list = Json::array();
  for (const auto& step : steps) {
    list.push_back({{"revision", step.revision.id}, {"direction", to_text(step.direction)}, {"message", step.revision.message},
                    {"statements", step.statements.size()}});
  }
  output_.line(one_line({{"event", "plan"}, {"steps", list}}));
}

void EventPrinter::waiting(const std::string& holder) {
  if (output_.json()) output_.line(one_line({{"event", "waiting"}, {"holder", holder}}));
  else output_.note("waiting for another migration" + (holder.empty() ? std::string() : ": " + holder));
}

void EventPrinter::step_started(const Step& step, int resumed_at) {
  const std::scoped_lock lock(ticker_.mutex());
  ++number_;
  title_ = title(step.revision);
  revision_ = step.revision.id;
  direction_ = step.direction;
  statements_ = step.statements.size();
  done_ = static_cast<std::size_t>(std::max(resumed_at, 0));
  detail_.clear();
  ticker_.restart();
  if (output_.json()) {
    auto event = about("step", step);
    event["message"] = step.revision.message;
    event["statements"] = step.statements.size();
    if (resumed_at > 0) event["resumed_at"] = resumed_at + 1;
    output_.line(one_line(event));
    return;
  }
  output_.progress(progress_line());
  if (resumed_at > 0) output_.note(fmt::format("{}: going on at statement {}", title(step.revision), resumed_at + 1));
}

void EventPrinter::statement_done(const Step& step, int index) {
  if (index < 0) return;
  const std::scoped_lock lock(ticker_.mutex());
  done_ = static_cast<std::size_t>(index) + 1;
  detail_.clear();
  ticker_.restart();
  if (output_.json()) {
    auto event = about("statement", step);
    event["statement"] = index + 1;
    event["line"] = step.statements[static_cast<std::size_t>(index)].location.line;
    output_.line(one_line(event));
  } else if (step.statements.size() > 1 && output_.shows_progress() && ticker_.due()) {
    output_.progress(progress_line());
  }
}

void EventPrinter::progress(const Step& step, const std::string& text) {
  const std::scoped_lock lock(ticker_.mutex());
  detail_ = text;
  ticker_.restart();
  if (output_.json()) {
    auto event = about("progress", step);
    event["text"] = text;
    output_.line(one_line(event));
  } else {
    output_.progress(progress_line());
  }
}

void EventPrinter::retry(const Step& step, int attempt, const std::string& reason, const std::vector<std::string>& blockers) {
  const std::scoped_lock lock(ticker_.mutex());
  ticker_.restart();
  if (output_.json()) {
    auto event = about("retry", step);
    event["attempt"] = attempt;
    event["reason"] = reason;
    event["blockers"] = blockers;
    output_.line(one_line(event));
    return;
  }
  output_.note(fmt::format("{}: {}; trying again ({})", title(step.revision), reason, attempt));
  for (const auto& blocker : blockers) output_.note("  blocked by " + blocker);
}

void EventPrinter::step_done(const Step& step, std::chrono::milliseconds time) {
  const std::scoped_lock lock(ticker_.mutex());
  ticker_.pause();
  if (forgotten(step)) notice(fmt::format("warning: {}: the upgrade section is empty: {} changes nothing", shown_path(step.revision.location.file), title(step.revision)));
  if (output_.json()) {
    auto event = about("done", step);
    event["duration_ms"] = time.count();
    output_.line(one_line(event));
    return;
  }
  if (output_.style().quiet) return;
  output_.line(fmt::format("{} {}{}", step.direction == Direction::upgrade ? output_.good("applied ") : output_.good("reverted"), title(step.revision),
                           output_.faint(fmt::format("  {} ms", time.count()))));
}

void EventPrinter::notice(const std::string& text) {
  if (output_.json()) output_.line(one_line({{"event", "notice"}, {"text", text}}));
  else output_.note(text);
}

}  // namespace migrate::cli
