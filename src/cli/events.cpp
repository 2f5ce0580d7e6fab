#include "cli/events.hpp"

#include <fmt/format.h>

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

}  // namespace

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
  ++number_;
  if (output_.json()) {
    auto event = about("step", step);
    event["message"] = step.revision.message;
    event["statements"] = step.statements.size();
    if (resumed_at > 0) event["resumed_at"] = resumed_at + 1;
    output_.line(one_line(event));
    return;
  }
  output_.progress(fmt::format("[{}/{}] {} {}", number_, total_, to_text(step.direction), title(step.revision)));
  if (resumed_at > 0) output_.note(fmt::format("{}: going on at statement {}", title(step.revision), resumed_at + 1));
}

void EventPrinter::statement_done(const Step& step, int index) {
  if (index < 0) return;
  if (output_.json()) {
    auto event = about("statement", step);
    event["statement"] = index + 1;
    event["line"] = step.statements[static_cast<std::size_t>(index)].location.line;
    output_.line(one_line(event));
  } else if (step.statements.size() > 1) {
    output_.progress(fmt::format("[{}/{}] {} {}: statement {} of {}", number_, total_, to_text(step.direction), title(step.revision), index + 1,
                                 step.statements.size()));
  }
}

void EventPrinter::progress(const Step& step, const std::string& text) {
  if (output_.json()) {
    auto event = about("progress", step);
    event["text"] = text;
    output_.line(one_line(event));
  } else {
    output_.progress(fmt::format("[{}/{}] {} {}: {}", number_, total_, to_text(step.direction), title(step.revision), text));
  }
}

void EventPrinter::retry(const Step& step, int attempt, const std::string& reason, const std::vector<std::string>& blockers) {
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
