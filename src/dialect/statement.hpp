/// One SQL text with its source position: what an operation renders to and what a SQL unit is parsed into.
#pragma once

#include <string>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

struct LexicalRules;

struct Statement {
  std::string text;   ///< without the final delimiter; comments in front of it are not part of it
  Location location;  ///< of the first character; unknown for rendered statements
  /// By which it was found to be one statement, when a mode of the session (NO_BACKSLASH_ESCAPES, standard_conforming_strings) makes
  /// them others than the engine's usual ones; null: these. Whoever reads its tokens reads them by it (tokens_of, rules_of).
  const LexicalRules* rules = nullptr;

  /// What was left out of the text beside it and why ("LOCK TABLES is passed over: ..."), for a run to say; "" is nothing.
  std::string left_out = {};

  bool operator==(const Statement& other) const { return text == other.text && location == other.location; }
};

/// What running a statement does, as far as running it exactly once depends on it.
enum class StatementClass {
  definition,  ///< changes the catalog; commits by itself where DDL is not transactional
  data,        ///< changes rows and can commit together with its progress record
  session,     ///< sets up the session (SET, USE): done again when a run resumes
  query,       ///< changes nothing
  transaction, ///< BEGIN, COMMIT and the like: not allowed inside a unit that runs in a transaction
  other        ///< cannot be told from outside (CALL, LOAD, ...)
};

}  // namespace migrate
