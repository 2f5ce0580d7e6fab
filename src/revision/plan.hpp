/// Which revisions a command applies or reverts, in order. `applied` holds the ids in the versions table; those that the
/// graph does not know are left alone (see Graph::unknown).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "revision/graph.hpp"

namespace migrate {

/// What `upgrade ARGUMENT` applies, first to last: the target and all that it needs. `+N` applies the next N revisions,
/// with what they depend on. Throws Error (usage): a wrong argument, the wrong direction, an ambiguous step.
[[nodiscard]] Ids upgrade_plan(const Graph& graph, std::span<const std::string> applied, std::string_view argument);

/// What `downgrade ARGUMENT` reverts, first to last: every applied revision that needs the target, directly or not. The
/// target and all others stay. `base` reverts all, LABEL@base all that carry the label; `-N` reverts the last N from the
/// current head on, ID-N what lies above the step, on that line only. Throws Error (usage) as above, and when the target
/// is not applied.
[[nodiscard]] Ids downgrade_plan(const Graph& graph, std::span<const std::string> applied, std::string_view argument);

/// What stamping changes in the versions table.
struct StampPlan {
  Ids remove;  ///< last first
  Ids add;     ///< first first

  bool operator==(const StampPlan&) const = default;
};

/// After stamping, the targets and what they need are applied, what needs them is not, and the rest is as it was; with
/// `purge` nothing else is applied. `base` removes all, LABEL@base the branch.
[[nodiscard]] StampPlan stamp_plan(const Graph& graph, std::span<const std::string> applied,
                                   std::span<const std::string> arguments, bool purge);

/// Pending revisions that an applied one needs, each with one that needs it: they came in below what is applied.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> out_of_order(const Graph& graph,
                                                                            std::span<const std::string> applied);

}  // namespace migrate
