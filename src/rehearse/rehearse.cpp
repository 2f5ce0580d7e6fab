#include "rehearse/rehearse.hpp"

#include <algorithm>
#include <set>

#include "autogenerate/autogenerate.hpp"
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
#include "rehearse/meter.hpp"
#include "revision/graph.hpp"

namespace migrate {
namespace {

class Stage {
 public:
  Stage(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase)
      : copy_(copy), options_(options), phase_(phase), meter_(copy, result_) {}

  Rehearsal play() {
    play_all();
    compare_with_budgets();
    look_for_rights();
    return std::move(result_);
  }

 private:
  void play_all() {
    before_.push_back(read_contents(copy_));
    broken_ = copy_.dialect().measure().broken_rules(copy_.session().connection());
    phase_("upgrade");
    try {
      upgrade();
    } catch (const Error& error) {
      result_.failure = error;
      result_.hazards.push_back({"upgrade", "", error.location, error.message()});
      return;
    }
    compare_with_model();
    if (!options_.down || done_.empty()) return;
    phase_("downgrade");
    if (!downgrade()) return;
    phase_("upgrade again");
    upgrade_again();
  }

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
    run_options.apart = true;
    meter_.before_run();
    RunResult outcome;
    try {
      outcome = run(copy_.session(), run_options, plan, meter_);
    } catch (...) {
      meter_.after_run();
      throw;
    }
    meter_.after_run();
    if (outcome.stopped) throw Error{ErrorKind::failed, "stopped"};
    return outcome.steps == 0 ? std::nullopt : first;
  }

  void upgrade() {
    const auto measured = [&] { first_run_ = result_.statements.size(); };
    try {
      run_upgrade();
    } catch (...) {
      measured();
      throw;
    }
    measured();
  }

  void run_upgrade() {
    CommandPlanner planner(copy_, Direction::upgrade, options_.revision);
    while (const auto step = run_first([&](const auto& rows) { return planner(rows); })) {
      done_.push_back(*step);
      look_for_broken_rules(*step);
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
      if (!told_.insert(describe(change.operation)).second) continue;
      result_.hazards.push_back({"schema", up.revision.id, up.revision.location, "the downgrade does not bring the schema back; left to do: " + describe(change.operation)});
    }
    for (const auto& change : changes_of_rows(before, after)) {
      if (!told_.insert(change.table + ": " + change.text).second) continue;
      const auto text = change.table + ": not as before behind the downgrade: " + change.text;
      lossless_ = false;
      if (options_.budgets.loss) result_.notes.push_back(title(up.revision) + ": " + text);
      else result_.hazards.push_back({"loss", up.revision.id, place_of(up, change.table), text});
    }
  }

  /// The statement of the upgrade that works on the table first; the unit, where none says so.
  [[nodiscard]] Location place_of(const Step& step, const std::string& table) const {
    const auto* statement = statement_about(step, table);
    return statement == nullptr ? step.revision.location : statement->location;
  }

  /// The first statement, of that class, that names the table; null where there is none.
  [[nodiscard]] const Statement* statement_about(const Step& step, const std::string& table, std::optional<StatementClass> kind = {}) const {
    const auto& dialect = copy_.dialect();
    for (const auto& statement : step.statements) {
      if (kind && dialect.sql().classify(statement) != *kind) continue;
      const auto read = parsed::parse(statement.text, {&dialect.sql().lexical_rules(), dialect.lint().fold_case});
      const auto is = [&](const QualifiedName& name) { return equal_ignoring_case(name.text(), table) || equal_ignoring_case(name.name, table.substr(table.rfind('.') + 1)); };
      if (is(read.name) || std::any_of(read.names.begin(), read.names.end(), is)) return &statement;
    }
    return nullptr;
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
    again_differs(now);
    for (const auto& change : compare_inspected(copy_.session().dialect(), copy_.session().server(), now.schema, before_.back().schema).changes) {
      result_.hazards.push_back({"again", "", done_.back().revision.location, "the second upgrade ends with another schema; left to do: " + describe(change.operation)});
    }
  }

  /// The same rows, and the upgrade makes others of them: it depends on the time, on chance, or on the order of rows.
  void again_differs(const Contents& now) {
    if (!lossless_) return;
    for (const auto& change : changes_of_rows(before_.back(), now, false)) {
      const auto& step = step_about(change.table);
      result_.hazards.push_back({"again", step.revision.id, place_of(step, change.table), change.table + ": the second upgrade ends with others than the first: " + change.text});
    }
  }

  /// The last step that has a statement about the table; the last one, where none says so.
  [[nodiscard]] const Step& step_about(const std::string& table) const {
    const auto found = std::find_if(done_.rbegin(), done_.rend(), [&](const Step& step) { return statement_about(step, table) != nullptr; });
    return found == done_.rend() ? done_.back() : *found;
  }

  void look_for_broken_rules(const Step& step) {
    auto now = copy_.dialect().measure().broken_rules(copy_.session().connection());
    for (const auto& line : now) {
      if (std::find(broken_.begin(), broken_.end(), line) == broken_.end()) result_.hazards.push_back({"rule", step.revision.id, step.revision.location, line});
    }
    broken_ = std::move(now);
  }

  /// The copy is all ours; the database is not.
  void look_for_rights() {
    for (const auto& step : done_) {
      for (const auto& [table, owner] : options_.owned_by_others) {
        const auto* statement = statement_about(step, table.text(), StatementClass::definition);
        if (statement == nullptr) continue;
        result_.hazards.push_back({"right", step.revision.id, statement->location, table.text() + " belongs to " + owner + ", and our role may not change its definition in the database itself"});
      }
    }
  }

  /// What the night will see: the first time that each statement of the upgrade runs.
  void compare_with_budgets() {
    for (std::size_t i = 0; i < first_run_; ++i) {
      const auto& statement = result_.statements[i];
      for (const auto& over : over_budget(statement, options_.budgets)) result_.hazards.push_back({"budget", statement.revision, statement.location, over});
    }
  }

  Target& copy_;
  const RehearsalOptions& options_;
  const std::function<void(const std::string&)>& phase_;
  Rehearsal result_;
  Meter meter_;
  std::vector<Step> done_;
  std::set<std::string> told_;    ///< what a revision leaves is not as it was before those below it either
  std::vector<std::string> broken_;  ///< rows that break a rule
  bool lossless_ = true;          ///< the downgrades have brought all rows back
  std::size_t first_run_ = 0;     ///< how many statements were measured before the first downgrade
  std::vector<Contents> before_;  ///< before each of the steps done, and behind the last
};

}  // namespace

Rehearsal rehearse(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase) { return Stage(copy, options, phase).play(); }

}  // namespace migrate
