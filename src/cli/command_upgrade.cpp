// migrate upgrade, migrate downgrade
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/context.hpp"
#include "cli/drift.hpp"
#include "cli/events.hpp"
#include "cli/plan_file.hpp"
#include "cli/run_backup.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/run.hpp"
#include "library/planner.hpp"
#include "revision/argument.hpp"
#include "runner/offline.hpp"
#include "runner/stop.hpp"

namespace migrate::cli {
namespace {

CommandPlanner make_planner(Context& context, Direction direction, const std::string& argument) {
  return CommandPlanner(context.target(), direction, argument, context.arguments.has("allow-out-of-order"));
}

void print_plan(const Context& context, const std::vector<Step>& steps) {
  const auto& output = context.output;
  if (output.json()) {
    auto list = nlohmann::ordered_json::array();
    for (const auto& step : steps) {
      auto statements = nlohmann::ordered_json::array();
      for (const auto& statement : step.statements) statements.push_back({{"line", statement.location.line}, {"sql", statement.text}});
      list.push_back({{"revision", step.revision.id}, {"direction", to_text(step.direction)}, {"message", step.revision.message},
                      {"transaction", step.transaction}, {"statements", statements}});
    }
    output.line(nlohmann::ordered_json({{"event", "plan"}, {"steps", list}}).dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
    return;
  }
  for (const auto& step : steps) {
    output.line(output.strong(fmt::format("-- {} {}", to_text(step.direction), title(step.revision))));
    for (const auto& statement : step.statements) output.line(statement.text + ";");
    output.line();
  }
}

/// --sql: from A to B without a database, or from where the database is.
int write_sql(Context& context, Direction direction, const std::string& argument) {
  auto& project = context.project();
  auto& target = context.target();
  std::string range = context.arguments.get("sql");
  if (range.empty() && is_range(argument)) range = argument;
  Ids expected;
  std::vector<Step> steps;
  ServerInfo server;
  if (!range.empty()) {
    server = target.dialect().catalog().assume(target.url());
    const auto& graph = project.graph();
    const auto resolved = resolve_range(graph, {}, range);
    const auto& low = direction == Direction::upgrade ? resolved.from : resolved.to;
    const auto& high = direction == Direction::upgrade ? resolved.to : resolved.from;
    auto ids = revisions_in(graph, {low, high}, false);
    if (direction == Direction::downgrade) std::reverse(ids.begin(), ids.end());
    expected = graph.ids(graph.with_needs(graph.mark(direction == Direction::upgrade ? low : high)));
    (void)project.compile(ids);
    for (const auto& id : ids) {
      steps.push_back(target.step(id, direction));
      add_hooks(steps.back(), target.hooks());
    }
  } else {
    const auto rows = target.versions().read(target.session().connection());
    expected = applied_ids(rows);
    steps = make_planner(context, direction, argument)(rows);
    server = target.session().server();
  }
  for (auto& step : steps) record_program(step);
  const auto lines = [](const std::vector<Statement>& statements) {
    std::string out;
    for (const auto& statement : statements) out += statement.text + ";\n";
    return out;
  };
  auto setup = target.dialect().run().use_schemas(project.config().schemas);
  if (const auto before = lines(target.hooks().before_run); !before.empty()) setup += (setup.empty() ? "" : ";\n") + before.substr(0, before.size() - 2);
  context.output.text(write_script(target.dialect(), server, target.versions(), steps, expected, direction == Direction::upgrade && expected.empty(), setup) +
                      lines(target.hooks().after_run));
  return 0;
}

/// For --check-drift: once, behind the lock, before the first statement runs.
class DriftCheck {
 public:
  DriftCheck(Context& context, RunEvents& events) : context_(context), events_(events), left_(context.arguments.has("check-drift")) {}

  void operator()(const std::vector<VersionRow>& rows, const std::vector<Step>& steps) {
    if (!left_ || (!std::exchange(locked_, true) && !steps.empty())) return;
    left_ = false;
    refuse_drift(context_, rows, events_);
  }

 private:
  Context& context_;
  RunEvents& events_;
  bool left_;
  bool locked_ = false;
};

int write_plan_file(Context& context, const Planner& planner) {
  auto& project = context.project();
  auto& target = context.target();
  const auto rows = target.read_rows();
  auto steps = planner(rows);
  for (auto& step : steps) record_program(step);
  const auto plan = make_plan(target, rows, std::move(steps));
  const auto file = context.arguments.get("to-plan");
  if (!context.output.file(file, plan_text(project, plan))) return 0;
  if (context.output.json()) context.output.line(nlohmann::ordered_json({{"plan", file}, {"digest", plan.digest}, {"steps", plan.steps.size()}}).dump());
  else context.output.line(fmt::format("wrote {}: {}", file, plural(plan.steps.size(), "revision")));
  return 0;
}

/// Runs what the planner says, as the options want it.
int run_steps(Context& context, Direction direction, const Planner& planner, const std::string& remark) {
  auto& project = context.project();
  auto& target = context.target();
  if (context.arguments.has("dry-run")) {
    auto steps = planner(target.versions().read(target.session().connection()));
    if (steps.empty()) context.output.note("nothing to do");
    for (auto& step : steps) record_program(step);
    print_plan(context, steps);
    return 0;
  }
  if (project.config().confirm) {
    const auto steps = planner(target.versions().read(target.session().connection()));
    if (!steps.empty()) {
      context.confirm(fmt::format("{} {} on {}?", direction == Direction::upgrade ? "Apply" : "Revert",
                                  steps.size() == 1 ? title(steps.front().revision) : std::to_string(steps.size()) + " revisions", target.url().display()));
    }
  }
  install_stop_handlers();
  EventPrinter events(context.output);
  auto options = target.run_options(context.arguments.get("lock-timeout"));
  options.keep_schema = target.schema_keeper();
  options.remark = remark;
  if (context.arguments.has("keep")) {
    auto keep = project.config().keep;
    const auto word = context.arguments.get("keep", "yes");
    if (!read_keep(word, keep)) {
      throw Error{ErrorKind::usage, "--keep cannot be '" + word + "'", "a time such as 30d, or forever, strict, yes, no; a revision stands in front of it: migrate upgrade 7 --keep"};
    }
    options.keep = {keep.on, keep.strict, keep.time};
  }
  options.plan_again = context.arguments.has("check-drift");
  add_backup(context, options, planner);
  DriftCheck check_drift(context, events);
  Ids unknown;
  const auto plan = [&](const std::vector<VersionRow>& rows) {
    unknown = project.without_unit(rows);
    auto steps = planner(rows);
    check_drift(rows, steps);
    return steps;
  };
  const auto result = run(target.session(), options, plan, events);
  context.output.detail(fmt::format("{} round trips", target.session().connection().round_trips()));
  if (result.stopped) {
    throw Error{ErrorKind::failed, "stopped after " + plural(static_cast<std::size_t>(result.steps), "revision"), "the same command goes on where this one stopped"};
  }
  if (result.steps == 0 && context.output.json()) context.output.line(R"({"event":"plan","steps":[]})");
  else if (result.steps == 0) context.output.note("nothing to do");
  if (result.steps == 0 && direction == Direction::upgrade && !unknown.empty()) {
    context.output.note("the database is ahead of these units: it has " + join(unknown, ", ") + ", which a newer release may have brought (`migrate verify` looks closer)");
  }
  return 0;
}

int run_direction(Context& context, Direction direction, const std::string& argument) {
  const auto& arguments = context.arguments;
  if (arguments.has("sql")) return write_sql(context, direction, argument);
  if (arguments.has("plan")) {
    if (!arguments.positional.empty() || arguments.has("to-plan")) throw Error{ErrorKind::usage, "--plan says itself what runs", "migrate upgrade --plan FILE"};
    const auto plan = read_plan(arguments.get("plan"), context.project());
    return run_steps(context, direction, [&](const auto& rows) { return remaining_steps(context.target(), plan, rows); }, plan.mark());
  }
  CommandPlanner planner = make_planner(context, direction, argument);
  const Planner work = [&](const auto& rows) { return planner(rows); };
  return arguments.has("to-plan") ? write_plan_file(context, work) : run_steps(context, direction, work, "");
}

}  // namespace

int run_upgrade(Context& context) { return run_direction(context, Direction::upgrade, context.arguments.at(0, "head")); }

int run_downgrade(Context& context) { return run_direction(context, Direction::downgrade, context.arguments.at(0)); }

}  // namespace migrate::cli
