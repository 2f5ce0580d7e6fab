#include "revision/plan.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "revision/argument.hpp"

namespace migrate {
namespace {

using Applied = std::span<const std::string>;

[[noreturn]] void fail(const std::string& doing, const std::string& what, std::string hint) {
  throw Error{ErrorKind::usage, "cannot " + doing + ": " + what, std::move(hint)};
}

bool has(const Marks& marks, int index) {
  return marks[static_cast<std::size_t>(index)] != 0;
}

bool on_branch(const RevisionArgument& argument, int index) {
  return !argument.branch || has(*argument.branch, index);
}

std::string within(const RevisionArgument& argument) {
  return argument.branch ? " on the branch '" + argument.branch_name + "'" : "";
}

/// The revisions that one more step up may apply: next on the line of what is applied, else any whose needs are met.
std::vector<int> next_up(const Graph& graph, const RevisionArgument& argument, const Marks& state) {
  std::vector<int> on_line;
  std::vector<int> others;
  for (int i = 0; i < graph.size(); ++i) {
    if (has(state, i) || !on_branch(argument, i)) continue;
    const auto& parents = graph.parents(i);
    const bool ready = std::all_of(parents.begin(), parents.end(),
                                   [&](int parent) { return has(state, parent) || !on_branch(argument, parent); });
    if (!ready) continue;
    // A parent that is a current head: all of its children are still pending.
    const bool continues = std::any_of(parents.begin(), parents.end(), [&](int parent) {
      const auto& children = graph.children(parent);
      return has(state, parent) && std::none_of(children.begin(), children.end(), [&](int child) { return has(state, child); });
    });
    (continues ? on_line : others).push_back(i);
  }
  return on_line.empty() ? others : on_line;
}

Ids steps_up(const Graph& graph, Applied applied, const RevisionArgument& argument) {
  const auto before = graph.mark(applied);
  Marks state = before;
  for (long long step = 0; step < argument.steps; ++step) {
    const auto next = next_up(graph, argument, state);
    if (next.empty()) {
      fail("upgrade " + argument.text,
           "only " + plural(static_cast<std::size_t>(step), "revision") + " can be applied" + within(argument),
           "`migrate upgrade head` applies what is pending");
    }
    if (next.size() > 1) {
      Ids choices;
      for (const int i : next) choices.push_back(graph.at(i).id);
      fail("upgrade " + argument.text, "the next step is ambiguous: it may be " + titles(graph, choices),
           "name the revision: `migrate upgrade " + choices.front() + "`");
    }
    state[static_cast<std::size_t>(next.front())] = 1;
    state = graph.with_needs(std::move(state));
  }
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = static_cast<char>(state[i] != 0 && before[i] == 0);
  return graph.ids(state);
}

Ids reversed(Ids ids) {
  std::reverse(ids.begin(), ids.end());
  return ids;
}

/// The applied ones of a set that was closed upwards, last first.
Ids reverted(const Graph& graph, Marks marks, const Marks& applied) {
  marks = graph.with_dependents(std::move(marks));
  for (std::size_t i = 0; i < marks.size(); ++i) marks[i] = static_cast<char>(marks[i] != 0 && applied[i] != 0);
  return reversed(graph.ids(marks));
}

/// Takes back the current head, N times. On a branch, what others build on it goes with it.
Ids steps_down(const Graph& graph, Applied applied, const RevisionArgument& argument) {
  const Marks state = graph.mark(applied);
  std::vector<int> above(state.size(), 0);  // how many applied revisions (on the branch) need this one
  for (int i = 0; i < graph.size(); ++i) {
    if (!has(state, i) || !on_branch(argument, i)) continue;
    for (const int need : graph.needs(i)) ++above[static_cast<std::size_t>(need)];
  }
  std::vector<int> heads;
  for (int i = 0; i < graph.size(); ++i) {
    if (has(state, i) && above[static_cast<std::size_t>(i)] == 0 && on_branch(argument, i)) heads.push_back(i);
  }
  Marks gone = graph.no_marks();
  for (long long step = 0; step < -argument.steps; ++step) {
    if (heads.empty()) {
      fail("downgrade " + argument.text,
           "only " + plural(static_cast<std::size_t>(step), "revision") + " can be reverted" + within(argument),
           "`migrate downgrade base` reverts all");
    }
    if (heads.size() > 1) {
      std::sort(heads.begin(), heads.end());
      Ids choices;
      for (const int i : heads) choices.push_back(graph.at(i).id);
      fail("downgrade " + argument.text, "the step is ambiguous: there are several current heads: " + titles(graph, choices),
           "say which one: `migrate downgrade " + choices.front() + "-1`");
    }
    const int head = heads.front();
    heads.clear();
    gone[static_cast<std::size_t>(head)] = 1;
    for (const int need : graph.needs(head)) {
      if (--above[static_cast<std::size_t>(need)] == 0 && has(state, need) && on_branch(argument, need)) heads.push_back(need);
    }
  }
  return reverted(graph, std::move(gone), state);
}

void require_applied(const Graph& graph, const Marks& applied, const RevisionArgument& argument, const std::string& id) {
  if (has(applied, graph.index(id))) return;
  fail("downgrade to " + argument.text, title(*graph.find(id)) + " is not applied",
       "`migrate current` shows what is; `migrate upgrade " + id + "` goes up to it");
}

/// What goes so that the position is reached: above it, on the branch if one was named.
Marks start_of_downgrade(const Graph& graph, const Marks& applied, const RevisionArgument& argument, const Position& position) {
  Marks start = graph.no_marks();
  if (!position.above.empty()) {
    for (const auto& id : position.revisions) require_applied(graph, applied, argument, id);
    start[static_cast<std::size_t>(graph.index(position.above))] = 1;
    return start;
  }
  if (position.revisions.empty()) return argument.branch ? *argument.branch : Marks(start.size(), 1);
  for (const auto& id : position.revisions) {
    require_applied(graph, applied, argument, id);
    start[static_cast<std::size_t>(graph.index(id))] = 1;
  }
  // All that needs the target, but not the target itself.
  Marks above = graph.no_marks();
  for (int i = 0; i < graph.size(); ++i) {
    if (!has(start, i)) continue;
    for (const int other : graph.needed_by(i)) above[static_cast<std::size_t>(other)] = 1;
  }
  above = graph.with_dependents(std::move(above));
  if (argument.branch) {
    for (int i = 0; i < graph.size(); ++i)
      above[static_cast<std::size_t>(i)] = static_cast<char>(has(above, i) && on_branch(argument, i));
  }
  return above;
}

}  // namespace

Ids upgrade_plan(const Graph& graph, Applied applied, std::string_view text) {
  const auto argument = parse_argument(graph, text);
  if (argument.symbol == "base" && argument.steps == 0) {
    fail("upgrade to " + argument.text, "base is the way down",
         "`migrate downgrade base` reverts all, `migrate upgrade head` applies all");
  }
  if (argument.relative()) {
    if (argument.steps < 0) {
      fail("upgrade " + argument.text, "the steps go down",
           "`migrate downgrade " + std::to_string(argument.steps) + "` goes down");
    }
    return steps_up(graph, applied, argument);
  }
  auto reach = graph.with_needs(graph.mark(resolve(graph, applied, argument).revisions));
  const auto before = graph.mark(applied);
  for (std::size_t i = 0; i < reach.size(); ++i) reach[i] = static_cast<char>(reach[i] != 0 && before[i] == 0);
  return graph.ids(reach);
}

Ids downgrade_plan(const Graph& graph, Applied applied, std::string_view text) {
  const auto argument = parse_argument(graph, text);
  if (argument.relative()) {
    if (argument.steps > 0) {
      fail("downgrade " + argument.text, "the steps go up", "`migrate upgrade +" + std::to_string(argument.steps) + "` goes up");
    }
    return steps_down(graph, applied, argument);
  }
  const auto position = resolve(graph, applied, argument);
  const auto marks = graph.mark(applied);
  return reverted(graph, start_of_downgrade(graph, marks, argument, position), marks);
}

StampPlan stamp_plan(const Graph& graph, Applied applied, std::span<const std::string> arguments, bool purge) {
  const auto before = graph.mark(applied);
  Marks target = graph.no_marks();
  Marks gone = graph.no_marks();
  for (const auto& text : arguments) {
    const auto argument = parse_argument(graph, text);
    const auto position = resolve(graph, applied, argument);
    for (const auto& id : position.revisions) target[static_cast<std::size_t>(graph.index(id))] = 1;
    if (!position.revisions.empty()) continue;
    for (int i = 0; i < graph.size(); ++i) {
      if (on_branch(argument, i)) gone[static_cast<std::size_t>(i)] = 1;
    }
  }
  for (std::size_t i = 0; i < gone.size(); ++i) gone[i] = static_cast<char>(purge || gone[i] != 0 || target[i] != 0);
  gone = graph.with_dependents(std::move(gone));
  target = graph.with_needs(std::move(target));
  StampPlan plan;
  for (int i = 0; i < graph.size(); ++i) {
    const bool after = has(target, i) || (has(before, i) && !has(gone, i));
    if (after && !has(before, i)) plan.add.push_back(graph.at(i).id);
    if (!after && has(before, i)) plan.remove.push_back(graph.at(i).id);
  }
  plan.remove = reversed(std::move(plan.remove));
  if (purge) {
    for (auto& id : graph.unknown(applied)) plan.remove.push_back(std::move(id));
  }
  return plan;
}

std::vector<std::pair<std::string, std::string>> out_of_order(const Graph& graph, Applied applied) {
  const auto marks = graph.mark(applied);
  std::vector<int> needed_by(marks.size(), -1);
  for (int i = graph.size() - 1; i >= 0; --i) {
    const int by = has(marks, i) ? i : needed_by[static_cast<std::size_t>(i)];
    if (by < 0) continue;
    for (const int need : graph.needs(i)) needed_by[static_cast<std::size_t>(need)] = by;
  }
  std::vector<std::pair<std::string, std::string>> found;
  for (int i = 0; i < graph.size(); ++i) {
    const int by = needed_by[static_cast<std::size_t>(i)];
    if (!has(marks, i) && by >= 0) found.emplace_back(graph.at(i).id, graph.at(by).id);
  }
  return found;
}

}  // namespace migrate
