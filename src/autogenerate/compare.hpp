/// Compares a live schema with a declared one, both in canonical form, into operations.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "autogenerate/rename.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"
#include "operation/operation.hpp"

namespace migrate {

/// An operation with what a person should know about it.
struct PlannedChange {
  Operation operation;
  std::string note;                    ///< written above it in the unit
  std::string allow;                   ///< the lint rule that a person's answer has settled: "ALL005 because ..."
  std::string review;                  ///< not empty: a person must look; the reason
  std::vector<Operation> alternative;  ///< what to run in its place if the guess is wrong
  bool first_back = false;             ///< on the way back it comes before what names values of the type, which names them as they were
  std::size_t number = 0;              ///< which difference it is of or undoes, from 1: the steps of one have the same

  template <class T>
  [[nodiscard]] const T* as() const {
    return std::get_if<T>(&operation);
  }
};

/// `live` with the decided renames made in it, and the operations that make them.
struct Renamed {
  std::optional<Schema> schema;  ///< the live schema after the renames; nothing when there are none
  std::vector<PlannedChange> changes;
  std::vector<RenameDecision> reviewed_drops;  ///< unsure pairs that are written as drop and add, under REVIEW
  FormerTables former;                         ///< the tables among them
  HeldCounts held;                             ///< what is in what goes, by its name in `schema`
};

/// Makes the object renames, then the part renames, in a copy of `live`. Swaps and chains go over temporary names.
[[nodiscard]] Renamed make_renames(const Schema& live, const Schema& declared, const RenameOptions& options,
                                   const Dialect& dialect);

/// Why a pair may be a rename: "same type, same place; score 0.60".
[[nodiscard]] std::string why(const RenameCandidate& candidate);

/// The question whether a pair is the two ends of a chain, behind a blank; "" when nothing says so.
[[nodiscard]] std::string chain_text(const RenameDecision& decision);

/// What differs, by name, after renames; in no useful order. Operations on parts of one table follow each other.
[[nodiscard]] std::vector<PlannedChange> compare(const Schema& live, const Schema& declared, const ServerInfo& server);

/// Whether compare() finds anything in a table.
[[nodiscard]] bool differ(const Table& live, const Table& declared, const ServerInfo& server);

/// Adds what has to be dropped and made again around changes: views, triggers and rules over a column that goes or changes its
/// type, keys over one that changes. `live` is the schema after the renames among the changes.
[[nodiscard]] std::vector<PlannedChange> with_pinned(std::vector<PlannedChange> changes, const Schema& live, const Schema& declared,
                                                     const LexicalRules& rules, const Capabilities& can);

/// Puts changes, with what is pinned by them, into an order in which they can run, and whose reverse can run too: splits keys out
/// of cycles of tables.
/// `original` is the live schema before, `live` after the renames among the changes.
[[nodiscard]] std::vector<PlannedChange> order(std::vector<PlannedChange> changes, const Schema& original, const Schema& live,
                                               const Schema& declared, const Dialect& dialect, const ServerInfo& server);

}  // namespace migrate
