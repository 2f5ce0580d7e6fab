/// Squash units: one unit that stands for a range of revisions (`replaces:` in its header).
///
/// While the units that it replaces are there, it is a shortcut: a database that has none of them runs it in their place, and
/// gets their rows; the others go on the old way. When their files are gone, it is a revision like any other, and a database
/// that has all of their rows counts as having it.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "revision/files.hpp"
#include "revision/graph.hpp"
#include "runner/versions.hpp"

namespace migrate {

/// Whether a squash unit is a shortcut: some of what it replaces is there. Throws Error (usage) when only a part is.
[[nodiscard]] bool is_shortcut(const Revision& squash, std::span<const UnitFile> units);

/// The revisions of the graph: without repeatable units and shortcuts, and with the names of replaced revisions that are gone
/// turned into those of their squash units.
[[nodiscard]] std::vector<Revision> graph_revisions(std::span<const UnitFile> units);

/// Rows as the graph sees them: all rows of what a squash unit replaces, whose files are gone, are one row of the unit.
[[nodiscard]] std::vector<VersionRow> rows_of_graph(std::vector<VersionRow> rows, std::span<const UnitFile> units);

/// `pending` with each shortcut that may be taken in the place of what it stands for.
[[nodiscard]] Ids take_shortcuts(Ids pending, const std::vector<VersionRow>& rows, std::span<const UnitFile> units);

/// Throws Error (usage) unless the revisions can be squashed: nothing outside needs one of them except the last.
void check_squashable(const Graph& graph, const Ids& ids);

}  // namespace migrate
