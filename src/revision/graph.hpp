/// The revision graph: values only; it knows neither files nor databases. Everything is linear in its size.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "revision/revision.hpp"

namespace migrate {

/// A set of revisions, by index.
using Marks = std::vector<char>;

/// Revisions in topological order: what a revision needs (parents and depends_on) stands before it; among those that
/// could come next, the one with the smallest number, then id, does. An index below is a place in this order.
class Graph {
 public:
  Graph() = default;

  /// Throws Error (usage) with the unit's file for: an id that stands twice, a parent or dependency that is not there, a
  /// revision that needs itself, directly or around a cycle, a label declared twice or equal to an id.
  explicit Graph(std::vector<Revision> revisions);

  [[nodiscard]] int size() const { return static_cast<int>(revisions_.size()); }
  [[nodiscard]] bool empty() const { return revisions_.empty(); }
  [[nodiscard]] const std::vector<Revision>& revisions() const { return revisions_; }
  [[nodiscard]] const Revision& at(int index) const { return revisions_[static_cast<std::size_t>(index)]; }

  /// The index of an id, or -1.
  [[nodiscard]] int index(std::string_view id) const;
  /// The revision of an id, or null.
  [[nodiscard]] const Revision* find(std::string_view id) const;

  // Neighbours of a revision, as indexes in ascending order (parents: as the unit names them).
  [[nodiscard]] const std::vector<int>& parents(int index) const { return nodes_[static_cast<std::size_t>(index)].parents; }
  [[nodiscard]] const std::vector<int>& children(int index) const { return nodes_[static_cast<std::size_t>(index)].children; }
  [[nodiscard]] const std::vector<int>& needs(int index) const { return nodes_[static_cast<std::size_t>(index)].needs; }
  [[nodiscard]] const std::vector<int>& needed_by(int index) const { return nodes_[static_cast<std::size_t>(index)].needed_by; }

  [[nodiscard]] Ids heads() const;            ///< without children
  [[nodiscard]] Ids effective_heads() const;  ///< heads that no other revision depends on
  [[nodiscard]] Ids bases() const;            ///< without parents
  [[nodiscard]] Ids branch_points() const;    ///< with several children
  [[nodiscard]] Ids merges() const;           ///< with several parents

  /// Labels and the index of the revision that declares each.
  [[nodiscard]] const std::map<std::string, int, std::less<>>& labels() const { return labels_; }
  /// The revisions that carry a label: the one that declares it, all its descendants, and its ancestors down to, but
  /// without, the branch point or merge that the branch starts from. The label must be one of labels().
  [[nodiscard]] Marks branch(std::string_view label) const;
  /// Labels carried by each revision, by index.
  [[nodiscard]] std::vector<std::vector<std::string>> carried_labels() const;

  // ---- sets ----
  [[nodiscard]] Marks no_marks() const { return Marks(revisions_.size(), 0); }
  /// The set of these ids; ids that are not in the graph are left out (see unknown).
  [[nodiscard]] Marks mark(std::span<const std::string> ids) const;
  [[nodiscard]] Ids unknown(std::span<const std::string> ids) const;
  /// The ids of a set, in topological order.
  [[nodiscard]] Ids ids(const Marks& marks) const;
  /// The set with all that it needs, directly or not.
  [[nodiscard]] Marks with_needs(Marks marks) const;
  /// The set with everything that needs it, directly or not.
  [[nodiscard]] Marks with_dependents(Marks marks) const;
  /// The same along parents only.
  [[nodiscard]] Marks with_ancestors(Marks marks) const;
  [[nodiscard]] Marks with_descendants(Marks marks) const;
  /// The members that have no child in the set.
  [[nodiscard]] Ids heads_of(const Marks& marks) const;
  /// The members that no other member needs.
  [[nodiscard]] Ids effective_heads_of(const Marks& marks) const;

  /// One more than the largest number among the parents; 1 without parents.
  [[nodiscard]] long long next_number(std::span<const std::string> parents) const;

  /// Ids that start with `prefix`, in order of their text.
  [[nodiscard]] Ids with_prefix(std::string_view prefix) const;

 private:
  struct Node {
    std::vector<int> parents, children, needs, needed_by;
  };

  void read_ids();
  void read_labels();
  void link();
  void sort();
  void reorder(const std::vector<int>& order);
  [[nodiscard]] int resolve_dependency(const std::string& name) const;
  [[noreturn]] void fail_missing(const Revision& revision, const std::string& what, const std::string& name) const;
  [[noreturn]] void fail_cycle(const std::vector<int>& open_needs) const;

  std::vector<Revision> revisions_;
  std::vector<Node> nodes_;
  std::unordered_map<std::string, int> index_;
  std::map<std::string, int, std::less<>> labels_;
  std::vector<int> by_id_;  ///< indexes, ordered by id, for prefixes
};

/// "0007-9f3c21 (rename users.email to mail)", for messages.
[[nodiscard]] std::string title(const Revision& revision);
/// The titles of some revisions of the graph, with commas between; of many, the first ten.
[[nodiscard]] std::string titles(const Graph& graph, const Ids& ids);

}  // namespace migrate
