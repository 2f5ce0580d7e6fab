// Sets of revisions. Indexes are in topological order, so that one pass up or down reaches everything.
#include <algorithm>

#include "revision/graph.hpp"

namespace migrate {
namespace {

template <class Test>
Ids ids_where(const Graph& graph, Test test) {
  Ids out;
  for (int i = 0; i < graph.size(); ++i) {
    if (test(i)) out.push_back(graph.at(i).id);
  }
  return out;
}

/// Marks the neighbours of everything marked, from the last index to the first (`down`) or the other way.
template <class Neighbours>
Marks spread(Marks marks, bool down, Neighbours neighbours) {
  const auto size = static_cast<int>(marks.size());
  for (int step = 0; step < size; ++step) {
    const int i = down ? size - 1 - step : step;
    if (marks[static_cast<std::size_t>(i)] == 0) continue;
    for (const int other : neighbours(i)) marks[static_cast<std::size_t>(other)] = 1;
  }
  return marks;
}

}  // namespace

Ids Graph::heads() const {
  return ids_where(*this, [&](int i) { return children(i).empty(); });
}
Ids Graph::effective_heads() const {
  return ids_where(*this, [&](int i) { return needed_by(i).empty(); });
}
Ids Graph::bases() const {
  return ids_where(*this, [&](int i) { return parents(i).empty(); });
}
Ids Graph::branch_points() const {
  return ids_where(*this, [&](int i) { return children(i).size() > 1; });
}
Ids Graph::merges() const {
  return ids_where(*this, [&](int i) { return parents(i).size() > 1; });
}

Marks Graph::branch(std::string_view label) const {
  const int start = labels_.find(label)->second;
  Marks marks = no_marks();
  marks[static_cast<std::size_t>(start)] = 1;
  marks = with_descendants(std::move(marks));
  for (int i = start; parents(i).size() == 1;) {
    i = parents(i).front();
    if (children(i).size() > 1 || parents(i).size() > 1) break;
    marks[static_cast<std::size_t>(i)] = 1;
  }
  return marks;
}

std::vector<std::vector<std::string>> Graph::carried_labels() const {
  std::vector<std::vector<std::string>> carried(revisions_.size());
  for (const auto& [label, start] : labels_) {
    const auto marks = branch(label);
    for (std::size_t i = 0; i < marks.size(); ++i) {
      if (marks[i] != 0) carried[i].push_back(label);
    }
  }
  return carried;
}

Marks Graph::mark(std::span<const std::string> ids) const {
  Marks marks = no_marks();
  for (const auto& id : ids) {
    if (const int i = index(id); i >= 0) marks[static_cast<std::size_t>(i)] = 1;
  }
  return marks;
}

Ids Graph::unknown(std::span<const std::string> ids) const {
  Ids out;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(out), [&](const auto& id) { return index(id) < 0; });
  return out;
}

Ids Graph::ids(const Marks& marks) const {
  return ids_where(*this, [&](int i) { return marks[static_cast<std::size_t>(i)] != 0; });
}

Marks Graph::with_needs(Marks marks) const {
  return spread(
      std::move(marks), true, [&](int i) -> const auto& { return needs(i); });
}
Marks Graph::with_dependents(Marks marks) const {
  return spread(
      std::move(marks), false, [&](int i) -> const auto& { return needed_by(i); });
}
Marks Graph::with_ancestors(Marks marks) const {
  return spread(
      std::move(marks), true, [&](int i) -> const auto& { return parents(i); });
}
Marks Graph::with_descendants(Marks marks) const {
  return spread(
      std::move(marks), false, [&](int i) -> const auto& { return children(i); });
}

Ids Graph::heads_of(const Marks& marks) const {
  const auto marked = [&](int i) { return marks[static_cast<std::size_t>(i)] != 0; };
  return ids_where(*this, [&](int i) { return marked(i) && std::none_of(children(i).begin(), children(i).end(), marked); });
}

Ids Graph::effective_heads_of(const Marks& marks) const {
  const auto marked = [&](int i) { return marks[static_cast<std::size_t>(i)] != 0; };
  return ids_where(*this, [&](int i) { return marked(i) && std::none_of(needed_by(i).begin(), needed_by(i).end(), marked); });
}

}  // namespace migrate
