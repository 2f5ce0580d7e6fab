/// Makes what the review page shows, by the answers that have been given so far.
#pragma once

#include <memory>
#include <optional>

#include "cli/draft.hpp"
#include "review/review.hpp"
#include "review/samples.hpp"

namespace migrate::cli {

class ReviewMaker {
 public:
  /// `samples`: values of rows are shown.
  ReviewMaker(Context& context, bool samples) : context_(context), samples_(samples) {}

  /// What is pending, what the arguments name, or what the model changes. Throws Error (usage) for answers that cannot be followed.
  [[nodiscard]] review::Review make(const Answers& answers);

  /// The unit's draft of the last make(); null where units are looked at.
  [[nodiscard]] const Draft* draft() const { return draft_ ? &*draft_ : nullptr; }

 private:
  [[nodiscard]] bool is_at_head();
  void add_units(review::Review& review, bool named);
  void add_difference(review::Review& review, const Answers& answers);
  void add_kept(review::Review& review) const;
  void add_samples(review::Review& review);

  Context& context_;
  bool samples_;
  std::optional<bool> units_;   ///< whether it is about units; found out once
  std::optional<Sides> sides_;  ///< read once: what the page shows holds together
  std::map<std::string, long long> rows_;
  std::optional<Draft> draft_;
  std::optional<review::SampleReader> reader_;
};

/// Serves the page until somebody writes the unit or presses Ctrl-C; returns the exit code.
[[nodiscard]] int serve_review(Context& context, ReviewMaker& maker, Answers answers);

}  // namespace migrate::cli
