#include "revision/graph.hpp"

#include <algorithm>
#include <numeric>
#include <queue>
#include <tuple>

#include "core/text.hpp"

namespace migrate {
namespace {

std::string place(const Revision& revision) {
  return revision.location.known() ? " (" + revision.location.file + ")" : "";
}

}  // namespace

std::string title(const Revision& revision) {
  return revision.message.empty() ? revision.id : revision.id + " (" + revision.message + ")";
}

std::string titles(const Graph& graph, const Ids& ids) {
  std::string out;
  for (std::size_t i = 0; i < ids.size() && i < 10; ++i) out += (i == 0 ? "" : ", ") + title(*graph.find(ids[i]));
  if (ids.size() > 10) out += " and " + std::to_string(ids.size() - 10) + " more";
  return out;
}

Graph::Graph(std::vector<Revision> revisions) : revisions_(std::move(revisions)) {
  read_ids();
  read_labels();
  link();
  sort();
  by_id_.resize(revisions_.size());
  std::iota(by_id_.begin(), by_id_.end(), 0);
  std::sort(by_id_.begin(), by_id_.end(), [&](int a, int b) { return at(a).id < at(b).id; });
}

void Graph::read_ids() {
  index_.reserve(revisions_.size());
  for (int i = 0; i < size(); ++i) {
    const auto [it, fresh] = index_.emplace(at(i).id, i);
    if (fresh) continue;
    throw Error{ErrorKind::usage, "the revision " + at(i).id + " is there twice" + place(at(it->second)) + place(at(i)),
                "give one of the two units another id, or remove the copy", at(i).location};
  }
}

void Graph::read_labels() {
  for (int i = 0; i < size(); ++i) {
    for (const auto& label : at(i).labels) {
      if (index_.contains(label)) {
        throw Error{ErrorKind::usage, "the label '" + label + "' of revision " + at(i).id + " is also the id of a revision",
                    "choose another label", at(i).location};
      }
      const auto [it, fresh] = labels_.emplace(label, i);
      if (fresh) continue;
      throw Error{ErrorKind::usage,
                  "the label '" + label + "' is declared twice: by " + at(it->second).id + place(at(it->second)) + " and by " +
                      at(i).id + place(at(i)),
                  "keep it where the branch starts: later revisions carry it by themselves", at(i).location};
    }
  }
}

void Graph::fail_missing(const Revision& revision, const std::string& what, const std::string& name) const {
  std::vector<std::string> known;
  for (const auto& other : revisions_) {
    if (other.id != revision.id) known.push_back(other.id);
  }
  const auto best = nearest(name, known);
  throw Error{ErrorKind::usage, "the " + what + " " + name + " of revision " + revision.id + place(revision) + " is not there",
              "restore its unit, or correct the header" + (best.empty() ? std::string() : " (did you mean '" + best + "'?)"),
              revision.location};
}

int Graph::resolve_dependency(const std::string& name) const {
  if (const int found = index(name); found >= 0) return found;
  const auto label = labels_.find(name);
  return label == labels_.end() ? -1 : label->second;
}

void Graph::link() {
  nodes_.resize(revisions_.size());
  std::vector<int> needed_last_by(revisions_.size(), -1);
  for (int i = 0; i < size(); ++i) {
    const auto& revision = at(i);
    auto& node = nodes_[static_cast<std::size_t>(i)];
    /// False when it is connected already.
    const auto connect = [&](const std::string& what, const std::string& name, int other) {
      if (other < 0) fail_missing(revision, what, name);
      if (other == i) {
        throw Error{ErrorKind::usage, "the revision " + revision.id + place(revision) + " names itself as its " + what,
                    "correct the header of the unit", revision.location};
      }
      auto& last = needed_last_by[static_cast<std::size_t>(other)];
      if (last == i) return false;
      last = i;
      node.needs.push_back(other);
      return true;
    };
    for (const auto& name : revision.parents) {
      const int parent = index(name);
      if (connect("parent", name, parent)) node.parents.push_back(parent);
    }
    for (const auto& name : revision.depends_on) connect("dependency", name, resolve_dependency(name));
  }
}

void Graph::sort() {
  std::vector<std::vector<int>> needed_by(revisions_.size());
  std::vector<int> open(revisions_.size());
  for (int i = 0; i < size(); ++i) {
    open[static_cast<std::size_t>(i)] = static_cast<int>(needs(i).size());
    for (const int need : needs(i)) needed_by[static_cast<std::size_t>(need)].push_back(i);
  }
  const auto later = [&](int a, int b) { return std::tie(at(a).number, at(a).id) > std::tie(at(b).number, at(b).id); };
  std::priority_queue<int, std::vector<int>, decltype(later)> ready(later);
  const auto make_ready = [&](int i) {
    auto& revision = revisions_[static_cast<std::size_t>(i)];
    if (revision.number == 0) revision.number = next_number(revision.parents);
    ready.push(i);
  };
  for (int i = 0; i < size(); ++i) {
    if (open[static_cast<std::size_t>(i)] == 0) make_ready(i);
  }
  std::vector<int> order;
  order.reserve(revisions_.size());
  while (!ready.empty()) {
    const int next = ready.top();
    ready.pop();
    order.push_back(next);
    for (const int other : needed_by[static_cast<std::size_t>(next)]) {
      if (--open[static_cast<std::size_t>(other)] == 0) make_ready(other);
    }
  }
  if (order.size() < revisions_.size()) fail_cycle(open);
  reorder(order);
}

/// Every revision that is still open needs another open one: following these leads around a cycle.
void Graph::fail_cycle(const std::vector<int>& open_needs) const {
  const auto is_open = [&](int i) { return open_needs[static_cast<std::size_t>(i)] > 0; };
  int at_node = -1;
  for (int i = 0; i < size(); ++i) {
    if (is_open(i) && (at_node < 0 || at(i).id < at(at_node).id)) at_node = i;
  }
  std::vector<int> seen_at(revisions_.size(), -1);
  std::vector<int> path;
  while (seen_at[static_cast<std::size_t>(at_node)] < 0) {
    seen_at[static_cast<std::size_t>(at_node)] = static_cast<int>(path.size());
    path.push_back(at_node);
    at_node = *std::find_if(needs(at_node).begin(), needs(at_node).end(), is_open);
  }
  path.erase(path.begin(), path.begin() + seen_at[static_cast<std::size_t>(at_node)]);
  std::rotate(path.begin(), std::min_element(path.begin(), path.end(), [&](int a, int b) { return at(a).id < at(b).id; }),
              path.end());
  bool by_parents = true;
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int next = path[(i + 1) % path.size()];
    const auto& up = parents(path[i]);
    by_parents = by_parents && std::find(up.begin(), up.end(), next) != up.end();
    if (i < 10) text += at(path[i]).id + place(at(path[i])) + " needs ";
    if (i == 10) text += "... ";
  }
  const auto& first = at(path.front());
  throw Error{ErrorKind::usage,
              std::string(by_parents ? "revisions are each other's parents" : "revisions depend on each other") +
                  " in a cycle: " + text + first.id,
              std::string("correct `parents:`") + (by_parents ? "" : " or `depends_on:`") + " in one of the units",
              first.location};
}

void Graph::reorder(const std::vector<int>& order) {
  std::vector<int> moved(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) moved[static_cast<std::size_t>(order[i])] = static_cast<int>(i);
  std::vector<Revision> revisions(order.size());
  std::vector<Node> nodes(order.size());
  for (std::size_t i = 0; i < order.size(); ++i) {
    const auto from = static_cast<std::size_t>(order[i]);
    revisions[i] = std::move(revisions_[from]);
    nodes[i] = std::move(nodes_[from]);
    for (int& parent : nodes[i].parents) parent = moved[static_cast<std::size_t>(parent)];
    for (int& need : nodes[i].needs) need = moved[static_cast<std::size_t>(need)];
    std::sort(nodes[i].needs.begin(), nodes[i].needs.end());
  }
  revisions_ = std::move(revisions);
  nodes_ = std::move(nodes);
  for (auto& [id, index] : index_) index = moved[static_cast<std::size_t>(index)];
  for (auto& [label, index] : labels_) index = moved[static_cast<std::size_t>(index)];
  for (int i = 0; i < size(); ++i) {
    for (const int parent : parents(i)) nodes_[static_cast<std::size_t>(parent)].children.push_back(i);
    for (const int need : needs(i)) nodes_[static_cast<std::size_t>(need)].needed_by.push_back(i);
  }
}

int Graph::index(std::string_view id) const {
  const auto it = index_.find(std::string(id));
  return it == index_.end() ? -1 : it->second;
}

const Revision* Graph::find(std::string_view id) const {
  const int found = index(id);
  return found < 0 ? nullptr : &at(found);
}

long long Graph::next_number(std::span<const std::string> parents) const {
  long long number = 0;
  for (const auto& id : parents) {
    if (const auto* parent = find(id)) number = std::max(number, parent->number);
  }
  return number + 1;
}

Ids Graph::with_prefix(std::string_view prefix) const {
  const auto before = [&](int i, std::string_view text) { return std::string_view(at(i).id).substr(0, text.size()) < text; };
  Ids out;
  for (auto it = std::lower_bound(by_id_.begin(), by_id_.end(), prefix, before);
       it != by_id_.end() && at(*it).id.starts_with(prefix); ++it) {
    out.push_back(at(*it).id);
  }
  return out;
}

}  // namespace migrate
