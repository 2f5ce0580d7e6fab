#include "dialect/dialect.hpp"

#include "dialect/lexer.hpp"

namespace migrate {

const LexicalRules& Dialect::lexical_rules() const {
  static const LexicalRules standard;
  return standard;
}

}  // namespace migrate
