/// Which objects a text of SQL names, where no engine tells: read as tokens, where a name counts only in its grammar's place.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/dependencies.hpp"

namespace migrate {

/// What kind of text it is, which decides where names can stand.
enum class TextKind {
  query,       ///< a query, an expression, a statement, the body of a program: relations behind FROM, JOIN, INTO, UPDATE ..., calls, casts
  program,     ///< CREATE FUNCTION, PROCEDURE, TRIGGER, EVENT, RULE: the types of its signature, then its body, in quotes too
  type,        ///< the name of a type, or CREATE TYPE and CREATE AGGREGATE: everything named there may be a type or a routine
};

/// The objects that the text names, each once, in lower case; a schema only where it is written. A name that stands for something else
/// (a column, an alias, a common table expression) is not among them. What is not understood is left out: dynamic SQL, for one.
[[nodiscard]] std::vector<ObjectId> references_in(std::string_view sql, const LexicalRules& rules, TextKind text = TextKind::query);

}  // namespace migrate
