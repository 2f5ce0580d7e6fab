#include "rehearse/rehearse.hpp"

#include <algorithm>
#include <filesystem>

#include "autogenerate/autogenerate.hpp"
#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "dialect/dialect.hpp"
#include "dialect/lint.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/parsed.hpp"
#include "library/hooks.hpp"
#include "library/planner.hpp"
#include "operation/operation.hpp"
#include "rehearse/contents.hpp"
#include "revision/graph.hpp"

namespace migrate {
namespace {

/// Takes the time of every statement.
class Meter : public RunEvents {
 public:
  explicit Meter(Rehearsal& rehearsal) : rehearsal_(rehearsal) {}

  void step_started(const Step&, int) override { watch_ = {}; }
  void statement_done(const Step& step, int index) override {
    if (index < 0 || static_cast<std::size_t>(index) >= step.statements.size()) return;
    const auto& statement = step.statements[static_cast<std::size_t>(index)];
    rehearsal_.statements.push_back({step.revision.id, step.direction, statement.location, statement.text, watch_.elapsed()});
    watch_ = {};
  }
  void notice(const std::string& text) override { rehearsal_.notes.push_back(text); }

 private:
  Rehearsal& rehearsal_;
  Stopwatch watch_;
};

class Stage {
 public:
  Stage(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase)
      : copy_(copy), options_(options), phase_(phase), meter_(result_) {}

  Rehearsal play() {
    before_.push_back(read_contents(copy_));
    phase_("upgrade");
    try {
      upgrade();
    } catch (const Error& error) {
      result_.failure = error;
      result_.hazards.push_back({"upgrade", "", error.location, error.message()});
      return std::move(result_);
    }
    compare_with_model();
    if (!options_.down || done_.empty()) return std::move(result_);
    phase_("downgrade");
    if (!downgrade()) return std::move(result_);
    phase_("upgrade again");
    upgrade_again();
    return std::move(result_);
  }

 private:
  /// One step of what the planner says; nothing when there is none.
  std::optional<Step> run_first(const Planner& planner) {
    std::optional<Step> first;
    const auto plan = [&](const std::vector<VersionRow>& rows) {
      auto steps = planner(rows);
      if (steps.size() > 1) steps.erase(steps.begin() + 1, steps.end());
      if (!steps.empty() && !first) first = steps.front();
      return steps;
    };
    auto run_options = copy_.run_options();
    const auto steps = planner(copy_.versions().read(copy_.session().connection()));
    // Statements that go in one transaction are sent one by one so, which is what takes their time.
    run_options.transaction = !steps.empty() && steps.front().transaction ? RunTransaction::all : RunTransaction::none;
    const auto outcome = run(copy_.session(), run_options, plan, meter_);
    if (outcome.stopped) throw Error{ErrorKind::failed, "stopped"};
    return outcome.steps == 0 ? std::nullopt : first;
  }

  void upgrade() {
    CommandPlanner planner(copy_, Direction::upgrade, options_.revision);
    while (const auto step = run_first([&](const auto& rows) { return planner(rows); })) {
      done_.push_back(*step);
      if (options_.down) before_.push_back(read_contents(copy_));
    }
  }

  /// The model says what the newest schema is.
  void compare_with_model() {
    const auto& config = copy_.project().config();
    if (options_.revision != "head" && options_.revision != "heads") return;
    if (config.model_command.empty() && std::none_of(config.model.begin(), config.model.end(), [](const std::string& file) { return file.find('*') != std::string::npos || file_exists(file); })) return;
    auto& session = copy_.session();
    const auto difference = find_difference(session.dialect(), session.connection(), session.server(), copy_.live_schema(), copy_.declared_schema(), {.policy = RenamePolicy::review});
    for (const auto& change : difference.changes) {
      result_.hazards.push_back({"model", "", Location{config.model.empty() ? "" : config.model.front(), 0, 0}, "the model has what the upgrade does not make: " + describe(change.operation)});
    }
  }

  bool downgrade() {
    for (auto i = done_.size(); i-- > 0;) {
      const auto& up = done_[i];
      if (up.revision.repeatable) continue;
      if (!copy_.has_way_back(up.revision.id)) {
        result_.notes.push_back(title(up.revision) + " has no way back: it and what stands before it were not reverted");
        return false;
      }
      try {
        (void)run_first([&](const std::vector<VersionRow>& rows) {
          std::vector<Step> steps;
          if (std::none_of(rows.begin(), rows.end(), [&](const VersionRow& row) { return row.revision == up.revision.id; })) return steps;
          steps.push_back(copy_.step(up.revision.id, Direction::downgrade));
          copy_.set_stand_ins(steps.back(), rows);
          add_hooks(steps.back(), copy_.hooks());
          return steps;
        });
      } catch (const Error& error) {
        result_.hazards.push_back({"downgrade", up.revision.id, error.location, error.message()});
        return false;
      }
      compare(up, before_[i], read_contents(copy_));
    }
    return true;
  }

  void compare(const Step& up, const Contents& before, const Contents& after) {
    for (const auto& change : compare_inspected(copy_.session().dialect(), copy_.session().server(), after.schema, before.schema).changes) {
      result_.hazards.push_back({"schema", up.revision.id, up.revision.location, "the downgrade does not bring the schema back; left to do: " + describe(change.operation)});
    }
    for (const auto& change : changes_of_rows(before, after)) {
      result_.hazards.push_back({"loss", up.revision.id, place_of(up, change.table), change.table + ": not as before behind the downgrade: " + change.text});
    }
  }

  /// The statement of the upgrade that works on the table first; the unit, where none says so.
  [[nodiscard]] Location place_of(const Step& step, const std::string& table) const {
    const auto& dialect = copy_.dialect();
    for (const auto& statement : step.statements) {
      const auto read = parsed::parse(statement.text, {&dialect.sql().lexical_rules(), dialect.lint().fold_case});
      const auto is = [&](const QualifiedName& name) { return equal_ignoring_case(name.text(), table) || equal_ignoring_case(name.name, table.substr(table.rfind('.') + 1)); };
      if (is(read.name) || std::any_of(read.names.begin(), read.names.end(), is)) return statement.location;
    }
    return step.revision.location;
  }

  void upgrade_again() {
    try {
      CommandPlanner planner(copy_, Direction::upgrade, options_.revision);
      while (run_first([&](const auto& rows) { return planner(rows); })) {
      }
    } catch (const Error& error) {
      result_.hazards.push_back({"again", "", error.location, "the upgrade fails behind its downgrade: " + error.message()});
      return;
    }
    const auto now = read_contents(copy_);
    for (const auto& change : compare_inspected(copy_.session().dialect(), copy_.session().server(), now.schema, before_.back().schema).changes) {
      result_.hazards.push_back({"again", "", done_.back().revision.location, "the second upgrade ends with another schema; left to do: " + describe(change.operation)});
    }
  }

  Target& copy_;
  const RehearsalOptions& options_;
  const std::function<void(const std::string&)>& phase_;
  Rehearsal result_;
  Meter meter_;
  std::vector<Step> done_;
  std::vector<Contents> before_;  ///< before each of the steps done, and behind the last
};

}  // namespace

Rehearsal rehearse(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase) { return Stage(copy, options, phase).play(); }

}  // namespace migrate
