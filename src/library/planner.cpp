#include "library/planner.hpp"

#include <algorithm>
#include <fmt/format.h>

#include "core/text.hpp"
#include "library/squash.hpp"
#include "revision/plan.hpp"

namespace migrate {

std::vector<Step> CommandPlanner::operator()(const std::vector<VersionRow>& table) {
  const auto rows = rows_of_graph(table, project_.units());
  refuse_half_done(rows);
  if (direction_ == Direction::upgrade) project_.refuse_no_units(table);
  Ids ids = direction_ == Direction::upgrade ? pending(rows) : to_revert(rows);
  if (direction_ == Direction::upgrade) {
    ids = take_shortcuts(std::move(ids), rows, project_.units());
    for (auto& id : repeatables_to_apply(rows, ids)) ids.push_back(std::move(id));
  } else {
    auto first = repeatables_to_revert(rows, ids);
    ids.insert(ids.begin(), first.begin(), first.end());
  }
  if (ids.empty()) return {};
  project_.verify_applied(rows, direction_ == Direction::downgrade);
  std::vector<Step> steps;
  steps.reserve(ids.size());
  (void)project_.compile(ids);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    steps.push_back(target_.step(ids[i], direction_, i == 0 ? "" : ids[i - 1]));
    add_hooks(steps.back(), target_.hooks());
    target_.set_stand_ins(steps.back(), table);
  }
  return steps;
}

void CommandPlanner::refuse_half_done(const std::vector<VersionRow>& rows) const {
  for (const auto& row : rows) {
    const bool half_up = row.state == RowState::upgrading && direction_ == Direction::downgrade;
    const bool half_down = row.state == RowState::downgrading && direction_ == Direction::upgrade;
    if (!half_up && !half_down) continue;
    throw Error{ErrorKind::needs_person,
                fmt::format("the {} of {} was cut off after {}", half_up ? "upgrade" : "downgrade", row.revision, plural(static_cast<std::size_t>(row.statement), "statement")),
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
  const auto& graph = target_.graph_with(rows);
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

// ---- repeatable units ----------------------------------------------------------------------------------------------

namespace {

/// What a repeatable unit needs: what it names, else everything.
Marks needs_of(const Graph& graph, const Revision& revision) {
  if (revision.depends_on.empty()) return Marks(static_cast<std::size_t>(graph.size()), 1);
  for (const auto& name : revision.depends_on) {
    if (graph.find(name) != nullptr) continue;
    throw Error{ErrorKind::usage, title(revision) + " depends on " + name + ", which is not there", "`depends_on:` names whole ids", revision.location};
  }
  return graph.with_needs(graph.mark(revision.depends_on));
}

bool holds(const Marks& all, const Marks& part) {
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (part[i] != 0 && all[i] == 0) return false;
  }
  return true;
}

}  // namespace

/// Those that are new or changed and have what they need, by id.
Ids CommandPlanner::repeatables_to_apply(const std::vector<VersionRow>& rows, const Ids& pending) {
  Ids ids;
  const auto& graph = project_.graph();
  auto there = graph.mark(applied_ids(rows));
  for (const auto& id : pending) {
    const auto* unit = project_.unit(id);
    if (graph.index(id) >= 0) there[static_cast<std::size_t>(graph.index(id))] = 1;
    else for (const auto& replaced : unit->revision.replaces) there[static_cast<std::size_t>(graph.index(replaced))] = 1;
  }
  for (const auto& unit : project_.units()) {
    if (!unit.revision.repeatable || !holds(there, needs_of(graph, unit.revision))) continue;
    const auto row = std::find_if(rows.begin(), rows.end(), [&](const VersionRow& candidate) { return candidate.revision == unit.revision.id; });
    if (row != rows.end() && row->state == RowState::applied && row->checksum == project_.checksum_of(unit)) continue;
    ids.push_back(unit.revision.id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Those that need something that is reverted, last applied first. One without a way back stays as it is.
Ids CommandPlanner::repeatables_to_revert(const std::vector<VersionRow>& rows, const Ids& reverted) {
  Ids ids;
  if (reverted.empty()) return ids;
  const auto& graph = target_.graph_with(rows);
  const auto gone = graph.mark(reverted);
  for (const auto& row : rows) {
    if (!is_repeatable_id(row.revision)) continue;
    const auto* unit = project_.unit(row.revision);
    if (unit != nullptr) {
      const auto needed = needs_of(graph, unit->revision);
      bool touched = false;
      for (std::size_t i = 0; i < gone.size(); ++i) touched = touched || (gone[i] != 0 && needed[i] != 0);
      if (!touched) continue;
    }
    if (target_.has_way_back(row.revision)) ids.push_back(row.revision);
  }
  std::reverse(ids.begin(), ids.end());
  return ids;
}

}  // namespace migrate
