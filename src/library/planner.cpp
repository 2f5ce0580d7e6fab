#include "library/planner.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "revision/plan.hpp"

namespace migrate {

std::vector<Step> CommandPlanner::operator()(const std::vector<VersionRow>& rows) {
  refuse_half_done(rows);
  const auto ids = direction_ == Direction::upgrade ? pending(rows) : to_revert(rows);
  if (ids.empty()) return {};
  project_.verify_applied(rows, direction_ == Direction::downgrade);
  std::vector<Step> steps;
  steps.reserve(ids.size());
  (void)project_.compile(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) steps.push_back(project_.step(ids[i], direction_, i == 0 ? "" : ids[i - 1]));
  return steps;
}

void CommandPlanner::refuse_half_done(const std::vector<VersionRow>& rows) const {
  for (const auto& row : rows) {
    const bool half_up = row.state == RowState::upgrading && direction_ == Direction::downgrade;
    const bool half_down = row.state == RowState::downgrading && direction_ == Direction::upgrade;
    if (!half_up && !half_down) continue;
    throw Error{ErrorKind::needs_person,
                fmt::format("the {} of {} was cut off after {} statements", half_up ? "upgrade" : "downgrade", row.revision, row.statement),
                half_up ? "finish it first: `migrate upgrade " + row.revision + "`" : "finish it first with the `migrate downgrade` that was cut off"};
  }
}

Ids CommandPlanner::pending(const std::vector<VersionRow>& rows) {
  const auto applied = applied_ids(rows);
  const auto& graph = project_.graph();
  if (!fixed_) {
    fixed_ = upgrade_plan(graph, applied, argument_);
    check_order(graph, applied);
    return *fixed_;
  }
  const auto now = graph.mark(applied);
  Ids ids;
  for (const auto& id : graph.ids(graph.with_needs(graph.mark(*fixed_)))) {
    if (now[static_cast<std::size_t>(graph.index(id))] == 0) ids.push_back(id);
  }
  return ids;
}

void CommandPlanner::check_order(const Graph& graph, const Ids& applied) const {
  if (fixed_->empty() || allow_out_of_order_) return;
  for (const auto& [below, above] : out_of_order(graph, applied)) {
    if (std::find(fixed_->begin(), fixed_->end(), below) == fixed_->end()) continue;
    throw Error{ErrorKind::failed, fmt::format("{} is not applied, but {}, which needs it, is", title(*graph.find(below)), title(*graph.find(above))),
                "it came in below what is applied; if it may run now, say --allow-out-of-order", graph.find(below)->location};
  }
}

Ids CommandPlanner::to_revert(const std::vector<VersionRow>& rows) {
  const auto applied = applied_ids(rows);
  const auto& graph = project_.graph_with(rows);
  if (!fixed_) {
    fixed_ = downgrade_plan(graph, applied, argument_);
    return *fixed_;
  }
  const auto now = graph.mark(applied);
  auto marks = graph.with_dependents(graph.mark(*fixed_));
  for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = static_cast<char>(marks[i] != 0 && now[i] != 0);
  auto ids = graph.ids(marks);
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace migrate
