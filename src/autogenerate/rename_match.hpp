/// Matches vanished names with appeared ones, one to one: answers first, then what the model says, then the evidence.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "autogenerate/rename.hpp"

namespace migrate {

/// What the model says of an object: `renamed_from`, and where.
struct RenameHint {
  std::string from;
  Location location;
};

/// Things of one kind in one place (the tables of a schema, the columns of a table): their names before and after, what
/// the model says of them, and how to compare two.
struct RenameGroup {
  RenameKind kind = RenameKind::column;
  QualifiedName table = {};
  FormerTables former = {};  ///< a part's table may be called by its old name too
  std::vector<std::string> before = {};
  std::vector<std::string> after = {};
  std::map<std::string, RenameHint> hints = {};  ///< by new name
  std::function<RenameCandidate(const std::string& from, const std::string& to)> score = {};
  /// Whether `to` already is what the model says, though a hint says it was called `from`: then a swap has been made.
  std::function<bool(const std::string& name)> already = {};
  /// What is in what vanishes: where it may be something, it is a rename or a question as long as something comes. Null: nothing ever.
  std::function<Held(const std::string& from)> held = {};
  /// The name that may stand between two in a chain, "" for none; null where there are no chains.
  std::function<std::string(const std::string& from, const std::string& to)> through = {};
};

/// Appends what becomes of the names of the group.
void decide(const RenameGroup& group, const RenameOptions& options, std::vector<RenameDecision>& decisions);

}  // namespace migrate
