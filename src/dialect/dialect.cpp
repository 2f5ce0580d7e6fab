#include "dialect/dialect.hpp"

#include "dialect/lexer.hpp"
#include "dialect/lint.hpp"

namespace migrate {

const LexicalRules& Dialect::lexical_rules() const {
  static const LexicalRules standard;
  return standard;
}

std::vector<std::vector<Statement>> Dialect::render_parts(const std::vector<std::vector<Operation>>& parts, const Schema& before,
                                                          const ServerInfo& server) const {
  std::vector<std::vector<Statement>> out;
  Schema state = before;
  for (const auto& part : parts) {
    out.push_back(render(part, state, server));
    for (const auto& operation : part) apply(state, operation);
  }
  return out;
}

const lint::Support& Dialect::lint_support() const {
  static const lint::Support none;
  return none;
}

}  // namespace migrate
