/// Revision arguments: what a person types to name revisions.
///
///     0007-9f3c21  0007  7  0007-9f      an id, a number, a unique prefix; an exact id wins
///     head heads base current            head is an error when there are several
///     billing@head billing@7 billing@base  within the branch that carries a label (or starts at a revision)
///     head-2 base+1 7-1 current+1        steps along parents and children
///     +2 -1 billing@-1                   steps from what is applied
///     A:B A: :B                          a range, where a command takes one
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "revision/graph.hpp"

namespace migrate {

/// An argument in its parts, ids looked up. `symbol` is "head", "heads", "base", "current", or the full id.
struct RevisionArgument {
  std::string text;
  std::optional<Marks> branch;  ///< LABEL@ or REVISION@
  std::string branch_name;
  std::string symbol;
  long long steps = 0;  ///< +N or -N behind it

  /// Steps from what is applied: a bare +N or -N, LABEL@+N, current-1.
  [[nodiscard]] bool relative() const { return symbol == "current" && steps != 0; }
};

/// Reads one argument. Throws Error (usage) for one that is malformed, unknown or ambiguous (the candidates are listed).
[[nodiscard]] RevisionArgument parse_argument(const Graph& graph, std::string_view text);

/// Where an argument leads.
struct Position {
  Ids revisions;      ///< empty: base
  std::string above;  ///< after steps down: the last revision on the way before `revisions`
};

/// Resolves an argument. `applied` is what `current` and bare steps start from. Throws Error (usage): several heads, a
/// step that is ambiguous at a branch or merge, more steps than there are.
[[nodiscard]] Position resolve(const Graph& graph, std::span<const std::string> applied, const RevisionArgument& argument);

/// The revisions that an argument names, in topological order; empty for base.
[[nodiscard]] Ids resolve(const Graph& graph, std::span<const std::string> applied, std::string_view text);

/// The one revision that an argument names. Throws Error (usage) for base and for several.
[[nodiscard]] std::string resolve_one(const Graph& graph, std::span<const std::string> applied, std::string_view text);

/// A range A:B; a side that is left out is base or heads.
struct RevisionRange {
  Ids from;  ///< empty: base
  Ids to;    ///< empty: base
};

[[nodiscard]] bool is_range(std::string_view text);
[[nodiscard]] RevisionRange resolve_range(const Graph& graph, std::span<const std::string> applied, std::string_view text);

/// The revisions that `to` needs and `from` does not, in topological order; with `from` itself if `inclusive`. Throws
/// Error (usage) when the range is written the wrong way around.
[[nodiscard]] Ids revisions_in(const Graph& graph, const RevisionRange& range, bool inclusive);

}  // namespace migrate
