/// Renames: which of the things that vanished became which of the things that appeared (docs/renames.md).
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
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
  double score = 0;     ///< 0 to 1: which of several is the likeliest; below 0: it cannot be
  bool sure = false;    ///< it is made without a question, unless another is as good
  bool question = false;  ///< it is asked about, even where nothing is held
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
    sure,           ///< the evidence says so
    review_rename,  ///< unsure: written as a rename, under REVIEW
    review_drop     ///< unsure: written as drop and add, under REVIEW
  };
  RenameCandidate candidate;
  How how = How::sure;
  /// Columns: a chain is as likely, `through` to `candidate.to` and `candidate.from` to `through`; "" when none is.
  std::string through = {};
};

/// What the person who runs the command has already said.
struct RenameAnswers {
  std::map<std::string, std::string> renames;  ///< "old" or "table.old" -> new name
  std::vector<std::string> no_renames;         ///< "old" or "table.old": dropped, not renamed
};

/// Asks a person about one old name with its candidates, best first; returns the index of the chosen one, or -1 for
/// "dropped", and -2 to leave it under REVIEW.
using RenameAsker = std::function<int(const std::vector<RenameCandidate>& candidates)>;

/// A table, or a column of it whose values are meant; "" means the rows.
struct HeldPlace {
  QualifiedName table;
  std::string column;

  auto operator<=>(const HeldPlace&) const = default;
};

/// How many rows or values (without NULLs) something that goes holds.
struct Held {
  bool known = false;    ///< false: nobody could tell, so that there may be some
  long long count = 0;
  bool more = false;     ///< there are more than `count`: nobody counted on

  [[nodiscard]] bool nothing() const { return known && count == 0; }
};
/// "1 row", "12 values", "more than 100000 rows"; "" when it is not known. `thing` is "row" or "value".
[[nodiscard]] std::string held_text(const Held& held, const std::string& thing);

using HeldCounts = std::map<HeldPlace, Held>;

/// Something that vanished, with all that appeared where it stood: what a person may be asked about it, whatever was decided.
struct RenameQuestion {
  RenameKind kind = RenameKind::column;
  std::string key;    ///< as --rename and answers call it: "users", "users.email"
  QualifiedName table;  ///< column: its table, by its new name; enum value: its type
  std::string from;
  std::vector<RenameCandidate> candidates;  ///< likeliest first; a score below 0: it cannot be
  Held held;
  std::string to;     ///< what it becomes as things stand; "": dropped
  bool asked = false; ///< nothing and nobody has decided: the unit has a REVIEW
};

/// Counts what is held, by the names that the database has.
using HeldCounter = std::function<HeldCounts(const std::vector<HeldPlace>& places)>;

struct RenameOptions {
  RenamePolicy policy = RenamePolicy::review;
  RenameAnswers answers = {};
  RenameAsker ask = {};    ///< null: nobody to ask
  bool kept = false;       ///< what statements take away is kept for the way back: notes on losses say so
  HeldCounter count = {};  ///< null: no database at hand, so that all may hold something
  std::set<std::string> settled = {};  ///< values of enum types ("type.value") about which something else has been said
  std::function<void(RenameQuestion)> tell = {};  ///< hears of each table, column and enum value that vanished while others appeared
};

/// From a score of `likely` on, a question starts with the rename, below with drop and add.
struct RenameThresholds {
  double likely = 0.42;
};

/// The name that a table had, and whether its rename is more than a question.
struct FormerName {
  QualifiedName name;
  bool sure = true;
};

/// Tables by their name after the object renames.
using FormerTables = std::map<QualifiedName, FormerName>;

/// How alike a vanished and an appeared column of one table are. `before` and `after` are the whole tables; `former` has the
/// old names of renamed tables.
[[nodiscard]] RenameCandidate score_columns(const Table& before, const Column& from, const Table& after, const Column& to,
                                            const FormerTables& former = {});

/// How alike a vanished and an appeared table are, by themselves.
[[nodiscard]] RenameCandidate score_tables(const Table& from, const Table& to);

/// Takes into account how many keys that pointed to the one point to the other.
void add_references(RenameCandidate& candidate, int keys);

/// The decided renames of tables, views, enums, domains, sequences, routines and definitions.
[[nodiscard]] std::vector<RenameDecision> find_object_renames(const Schema& live, const Schema& declared, const RenameOptions& options);

/// The decided renames of columns (of tables that have the same name in both) and enum values; call it after the object
/// renames have been applied to `live`. Unknown names in the answers throw Error (usage).
[[nodiscard]] std::vector<RenameDecision> find_part_renames(const Schema& live, const Schema& declared, const RenameOptions& options,
                                                            const FormerTables& former = {});

}  // namespace migrate
