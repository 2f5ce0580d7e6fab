#include "dialect/postgresql/sql/routines.hpp"

#include <vector>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "dialect/postgresql/sql/types.hpp"

namespace migrate::postgresql {

std::string routine_sql(const Routine& routine) {
  std::vector<std::string> types;
  for (const auto& type : migrate::split(routine.arguments, ',')) types.push_back(type_sql(type));
  return (routine.kind == Routine::Kind::procedure ? "PROCEDURE " : "FUNCTION ") + quote_name(routine.name) + "(" + join(types, ", ") + ")";
}

bool has_sql_body(const std::string& definition) {
  int depth = 0;
  bool arguments_read = false;
  for (const auto& token : tokenize(definition, lexical_rules())) {
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")") && --depth == 0) arguments_read = true;
    if (!arguments_read || depth > 0) continue;
    if (token.is("as")) return false;
    if (token.is("atomic") || token.is("return")) return true;
  }
  return false;
}

std::string routine_signature(const std::string& definition) {
  std::string signature;
  int depth = 0;
  bool arguments_read = false;
  for (const auto& token : tokenize(definition, lexical_rules())) {
    if (token.is_symbol("(")) ++depth;
    if (token.is_symbol(")") && --depth == 0) arguments_read = true;
    // RETURNS stands behind the arguments, everything else about a routine behind both.
    if (arguments_read && depth == 0 && token.kind == TokenKind::word) {
      for (const auto* end : {"language", "as", "transform", "window", "immutable", "stable", "volatile", "leakproof", "not", "called",
                              "strict", "security", "external", "parallel", "cost", "rows", "support", "set", "begin", "return"}) {
        if (token.is(end)) return signature;
      }
    }
    signature += token.kind == TokenKind::word ? lower(token.text) : std::string(token.text);
    signature += " ";
  }
  return signature;
}

}  // namespace migrate::postgresql
