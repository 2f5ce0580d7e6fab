/// migrate.sum: the integrity file of a migrations folder, and checksums of units.
///
///     graph v1:5f0c... heads=0007-9f3c21
///     0001-4be1d2 v1:9c21... 0001_users.sql
///     0007-9f3c21 v1:77aa... 0007_mail.sql
///
/// An edited unit changes its line. Two branches that both add a revision change the graph's line differently, so that
/// git reports a conflict; branches that do not both touch the graph merge cleanly.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "revision/graph.hpp"

namespace migrate {

/// The checksum of a unit: "v1:" and the SHA-256 of its text, without a BOM, trailing blanks and blank lines at the end, with
/// "\n" line ends; the included texts, in order, are part of it.
[[nodiscard]] std::string checksum(std::string_view text, std::span<const std::string> included = {});

/// What git must merge: the ids with their parents and dependencies.
[[nodiscard]] std::string graph_checksum(const Graph& graph);

struct SumEntry {
  std::string revision;
  std::string checksum;
  std::string file;  ///< relative to the folder of migrate.sum

  bool operator==(const SumEntry&) const = default;
};

struct SumFile {
  std::string graph_checksum;  ///< empty: the file has no such line
  Ids heads;
  std::vector<SumEntry> entries;
  std::vector<int> lines;  ///< of the entries
  int graph_line = 0;

  bool operator==(const SumFile&) const = default;
};

/// Reads migrate.sum. Throws Error (usage) with file and line: a git conflict in it, a malformed line.
[[nodiscard]] SumFile parse_sum(std::string_view text, const std::string& file);

/// The file for a graph and the checksums of its units, in topological order.
[[nodiscard]] std::string write_sum(const Graph& graph, std::span<const SumEntry> entries);

/// Something that migrate.sum and the units disagree about.
struct SumFinding {
  enum class Kind {
    edited,         ///< a unit's text is not the recorded one
    missing_unit,   ///< recorded, but no unit is there
    unlisted_unit,  ///< there, but not recorded
    graph_changed,  ///< the same units, other parents or dependencies
    several_heads   ///< two branches added revisions and no merge joins them
  };
  Kind kind;
  std::string revision;  ///< empty where it is about the graph
  std::string message;
  std::string hint;
  Location location;
};

/// Compares. Several heads are a finding unless each is on a labelled branch of its own.
[[nodiscard]] std::vector<SumFinding> verify_sum(const SumFile& sum, const Graph& graph, std::span<const SumEntry> entries,
                                                 const std::string& file);

}  // namespace migrate
