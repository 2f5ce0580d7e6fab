/// Renames: which of the things that vanished became which of the things that appeared (docs/renames.md).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "migrate/schema.hpp"

namespace migrate {

enum class RenameKind { table, column, view, enum_type, enum_value, domain, sequence, routine, definition };

/// A pair that may be a rename, with what speaks for it.
struct RenameCandidate {
  RenameKind kind = RenameKind::column;
  QualifiedName table;  ///< column: its table, by its new name; enum value: its type
  std::string from;     ///< old name (with its schema where it has one)
  std::string to;
  double score = 0;     ///< 0 to 1
  std::vector<std::string> reasons;  ///< "same type", "same place", ...

  bool operator==(const RenameCandidate&) const = default;
};

enum class RenamePolicy {
  ask,     ///< unsure ones are asked on the terminal
  automatic,  ///< unsure ones follow the score, without a REVIEW
  never,   ///< only what the model or a flag says is a rename
  review   ///< unsure ones are written under REVIEW
};

/// What became of a candidate.
struct RenameDecision {
  enum class How {
    certain,        ///< the model, a flag or an answer says so
    sure,           ///< the score says so
    review_rename,  ///< unsure: written as a rename, under REVIEW
    review_drop     ///< unsure: written as drop and add, under REVIEW
  };
  RenameCandidate candidate;
  How how = How::sure;
};

/// What the person who runs the command has already said.
struct RenameAnswers {
  std::map<std::string, std::string> renames;  ///< "old" or "table.old" -> new name
  std::vector<std::string> no_renames;         ///< "old" or "table.old": dropped, not renamed
};

/// Asks a person about one old name with its candidates, best first; returns the index of the chosen one, or -1 for
/// "dropped", and -2 to leave it under REVIEW.
using RenameAsker = std::function<int(const std::vector<RenameCandidate>& candidates)>;

struct RenameOptions {
  RenamePolicy policy = RenamePolicy::review;
  RenameAnswers answers;
  RenameAsker ask;  ///< null: nobody to ask
};

/// Above `sure`, a pair is renamed without a question; between the two it is a question that starts with a rename;
/// below `likely` (but above `possible`) it is a question that starts with drop and add.
struct RenameThresholds {
  double sure = 0.72;
  double likely = 0.45;
  double possible = 0.3;
};

/// How alike a vanished and an appeared column of one table are. `before` and `after` are the whole tables.
[[nodiscard]] RenameCandidate score_columns(const Table& before, const Column& from, const Table& after, const Column& to);

/// How alike a vanished and an appeared table are.
[[nodiscard]] RenameCandidate score_tables(const Table& from, const Table& to);

/// How alike two names are: 1 for the same words, 0 for nothing in common.
[[nodiscard]] double name_similarity(const std::string& a, const std::string& b);

/// The decided renames of tables, views, enums, domains, sequences, routines and definitions.
[[nodiscard]] std::vector<RenameDecision> find_object_renames(const Schema& live, const Schema& declared, const RenameOptions& options);

/// The decided renames of columns (of tables that have the same name in both) and enum values; call it after the object
/// renames have been applied to `live`. Unknown names in the answers throw Error (usage).
[[nodiscard]] std::vector<RenameDecision> find_part_renames(const Schema& live, const Schema& declared, const RenameOptions& options);

}  // namespace migrate
