/// What the readers of session use share.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/session_use.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {

using Words = std::set<std::string, std::less<>>;

/// Where the rows of "INSERT INTO t (a, b) VALUES (1, 'x')" begin, when they are literals alone and nothing stands behind them; npos
/// otherwise. Most statements of a long script are such. Such a statement calls no function and reads no variable.
[[nodiscard]] std::size_t begin_of_literal_rows(std::string_view sql, bool backslash_escapes);

struct Call {
  std::string function;                ///< lower case, without its schema
  std::vector<std::string> arguments;  ///< as they are written

  /// For a name: "1, 2".
  [[nodiscard]] std::string argument_text() const;
};

/// The functions that the tokens call: a name in front of '(', which is no keyword (`keywords`), no table that is
/// inserted into and no name that is given (AS t (a, b)).
[[nodiscard]] std::vector<Call> calls_of(const std::vector<Token>& tokens, const Words& keywords);

/// Whether the statement is "SELECT f('a', 1)" or "DO f()", nothing else: run again it does the same.
[[nodiscard]] bool is_lone_call_of_literals(const std::vector<Token>& tokens);

/// The word as a name, lower case and without quotes.
[[nodiscard]] std::string folded_name(const Token& token);

}  // namespace migrate
