/// "-- lint: allow PG010 because the table is read only": comments that silence findings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"

namespace migrate::lint {

struct Allowance {
  std::vector<std::string> ids;
  std::string reason;
  std::string problem;      ///< why it silences nothing; "" when it is right
  std::size_t offset = 0;   ///< in the text
  int line = 1;
};

/// The allowances among the comments of an SQL text.
[[nodiscard]] std::vector<Allowance> find_allowances(std::string_view sql, const LexicalRules& rules);

/// The same from lines that start with "--" or "//", in front of a unit's first section.
[[nodiscard]] std::vector<Allowance> header_allowances(std::string_view text);

}  // namespace migrate::lint
