/// Makes what the review page shows, by the answers that have been given so far.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cli/draft.hpp"
#include "cli/plan_file.hpp"
#include "rehearse/rehearse.hpp"
#include "review/review.hpp"
#include "review/samples.hpp"

namespace migrate::cli {

/// A unit on the page, with its statements.
struct ReviewedUnit {
  review::Unit unit;
  std::vector<Statement> statements;
  bool in_graph = true;  ///< false: a file that is no unit, or a repeatable unit
};

class ReviewMaker {
 public:
  /// `samples`: values of rows are shown. Reads the files of --plan and --rehearsal. Throws Error (usage) for a plan that was edited.
  ReviewMaker(Context& context, bool samples);

  /// What is pending, what the arguments or a plan name, or what the model changes. Throws Error (usage) for answers that cannot be followed,
  /// and Error for a plan that `upgrade --plan` refuses.
  [[nodiscard]] review::Review make(const Answers& answers);

  /// The unit's draft of the last make(); null where units are looked at.
  [[nodiscard]] const Draft* draft() const { return draft_ ? &*draft_ : nullptr; }

 private:
  [[nodiscard]] bool is_at_head();
  [[nodiscard]] std::vector<ReviewedUnit> named_units();
  [[nodiscard]] std::vector<ReviewedUnit> planned_units();
  void add_units(review::Review& review);
  void add_outcome(review::Review& review, const std::vector<ReviewedUnit>& units);
  void add_difference(review::Review& review, const Answers& answers);
  void add_kept(review::Review& review) const;
  void add_losses(review::Review& review);
  void add_samples(review::Review& review);
  void add_sizes(review::Review& review, const Schema& live, const std::vector<PlannedChange>& changes);
  void add_diagram(review::Review& review, const Difference& difference, const std::vector<PlannedChange>& found) const;
  void add_revisions(review::Review& review, const std::set<std::string>& shown);
  void add_rehearsal(review::Review& review) const;

  Context& context_;
  bool samples_;
  std::optional<PlanFile> plan_;
  std::optional<Rehearsal> rehearsal_;
  std::optional<bool> units_;   ///< whether it is about units; found out once
  std::optional<Sides> sides_;  ///< read once: what the page shows holds together
  std::optional<std::pair<std::map<std::string, long long>, std::map<std::string, long long>>> sizes_;  ///< rows and bytes by table
  HeldCounts held_;             ///< counted so far
  std::optional<Draft> draft_;
  std::optional<review::SampleReader> reader_;
};

/// Serves the page until somebody writes the unit or presses Ctrl-C; returns the exit code.
[[nodiscard]] int serve_review(Context& context, ReviewMaker& maker, Answers answers);

}  // namespace migrate::cli
