// migrate rehearse: an upgrade tried on a copy
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "cli/transfer_output.hpp"
#include "core/text.hpp"
#include "dialect/dialect.hpp"
#include "rehearse/place.hpp"
#include "rehearse/rehearse.hpp"
#include "runner/stop.hpp"

namespace migrate::cli {
namespace {

int clean(Context& context, Target& source, Target& beside) {
  const auto cleaned = clean_rehearsals(source, beside);
  if (context.output.json()) {
    context.output.line(nlohmann::ordered_json({{"event", "cleaned"}, {"removed", cleaned.removed}, {"in_use", cleaned.in_use}}).dump());
    return 0;
  }
  for (const auto& name : cleaned.removed) context.output.line("removed " + name);
  for (const auto& name : cleaned.in_use) context.output.note(name + " stays: a rehearsal works in it");
  if (cleaned.removed.empty() && cleaned.in_use.empty()) context.output.note("no rehearsal has left anything");
  return 0;
}

void print(const Output& output, const Rehearsal& rehearsal) {
  if (output.json()) {
    output.text(rehearsal_json(rehearsal));
    return;
  }
  for (const auto& statement : rehearsal.statements) {
    output.line(fmt::format("{:>8} ms  {} {}  {}", statement.time.count(), to_text(statement.direction), place_text(statement.location), statement.sql.substr(0, statement.sql.find('\n'))));
    for (const auto& line : describe_measures(statement)) output.line("             " + line);
  }
  for (const auto& note : rehearsal.notes) output.note(note);
  for (const auto& hazard : rehearsal.hazards) output.line(output.bad("hazard (" + hazard.kind + ")") + " " + place_text(hazard.location) + ": " + hazard.text);
  if (rehearsal.hazards.empty()) output.line(output.good("no hazards"));
}

void write_report_file(Context& context, const Rehearsal& rehearsal) {
  const auto file = context.arguments.get("report");
  if (file.empty()) return;
  const bool html = file.ends_with(".html") || file.ends_with(".htm");
  if (context.output.file(file, html ? rehearsal_html(rehearsal) : rehearsal_json(rehearsal))) context.output.note("wrote " + file);
}

/// Copies without a line a table: what is asked for is the rehearsal.
class QuietCopy : public CopyEvents {
 public:
  explicit QuietCopy(const Output& output) : output_(output) {}
  void phase(const std::string& what) override { output_.progress("copy: " + what); }
  void note(const std::string& text) override { output_.detail(text); }

 private:
  const Output& output_;
};

}  // namespace

int run_rehearse(Context& context) {
  auto& project = context.project();
  auto& source = context.target();
  source.only_look();
  const auto settings = read_rehearsal_settings(project.config());
  const auto on = context.arguments.get("on", settings.on);
  std::optional<Target> other;
  if (!on.empty()) other.emplace(project, on);
  auto& beside = other ? *other : source;
  if (context.arguments.has("clean")) return clean(context, source, beside);
  auto copying = copy_options(context);
  if (copying.is_subset()) add_masks(context, source, copying);
  install_stop_handlers();
  RehearsalPlace place(source, beside);
  Rehearsal rehearsal;
  {
    Target copy(project, place.url(), "");
    QuietCopy events(context.output);
    const auto copied = copy_database(source, copy, copying, events);
    auto others = source.dialect().measure().owned_by_others(source.session().connection());
    rehearsal = rehearse(copy, {.revision = context.arguments.at(0, "head"), .down = !context.arguments.has("no-down"), .budgets = settings.budgets, .owned_by_others = std::move(others)}, [&](const std::string& phase) { context.output.progress(phase); });
    for (const auto& loss : copied.losses) rehearsal.notes.push_back("the copy is not the whole: " + loss.text());
  }
  context.output.end_progress();
  rehearsal.source = source.url().display();
  rehearsal.copy = place.url().display();
  if (context.arguments.has("keep-copy")) {
    place.keep();
    rehearsal.notes.push_back("the copy stays: " + rehearsal.copy + "; `migrate rehearse --clean` removes it");
  } else {
    place.drop();
  }
  print(context.output, rehearsal);
  write_report_file(context, rehearsal);
  if (rehearsal.failure && context.output.json()) return exit_code(rehearsal.failure->kind);  // it is among the hazards
  if (rehearsal.failure) throw Error(*rehearsal.failure);
  return rehearsal.hazards.empty() ? 0 : 3;
}

}  // namespace migrate::cli
