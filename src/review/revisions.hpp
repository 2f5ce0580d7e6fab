/// The graph of the revisions as an SVG.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "revision/graph.hpp"

namespace migrate::review {

/// All revisions, newest on top; each line of them in a column of its own. `applied`: ids whose circles are filled.
[[nodiscard]] std::string revisions_svg(const Graph& graph, const std::set<std::string>& applied);

/// Some of them (indexes in ascending order), with those of `strong` in bold. Lines that leave the picture are left out.
[[nodiscard]] std::string revisions_svg(const Graph& graph, const std::set<std::string>& applied, const std::vector<int>& shown, const std::set<std::string>& strong);

/// The revisions of some ids and their neighbours: what they need and what needs them, up to `steps` away.
[[nodiscard]] std::vector<int> revisions_around(const Graph& graph, const std::set<std::string>& ids, int steps);

}  // namespace migrate::review
