/// Scripts to statements.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dialect/statement.hpp"

namespace migrate::mysql {

/// Half-open byte ranges.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// What sql_mode says of how texts are quoted.
struct Quoting {
  bool backslash_escapes = true;  ///< not with NO_BACKSLASH_ESCAPES
  bool ansi_quotes = false;       ///< "..." is a name: ANSI_QUOTES, and modes that bring it (ANSI, ORACLE, ...)

  bool operator==(const Quoting&) const = default;

  /// By the value of sql_mode.
  [[nodiscard]] static Quoting of(std::string_view sql_mode);
};

/// The lexical rules of a session that quotes so. They live as long as the program.
[[nodiscard]] const LexicalRules& rules_for(const Quoting& quoting);

/// Where each statement of a text stands, without its delimiter. `quoting` is what holds at the start; a SET of sql_mode in the text
/// changes it for what stands behind, and it is left as the text leaves it. `usual`: what SET sql_mode = DEFAULT, or a variable that
/// keeps the mode of before, goes back to.
[[nodiscard]] std::vector<Range> statement_ranges(std::string_view sql, Quoting& quoting, const Quoting& usual);

/// LOCK TABLES and UNLOCK TABLES are passed over: each statement commits with its record, which ends such a lock (docs/units.md).
[[nodiscard]] std::vector<Statement> split_statements(std::string_view sql, const Location& location, Quoting quoting = {});

/// Whether all of a statement stands in executable comments: on a server of another version it is nothing.
[[nodiscard]] bool may_be_nothing(std::string_view statement);

/// The offsets of the '?' that stand for values.
[[nodiscard]] std::vector<std::size_t> placeholders(std::string_view sql);

}  // namespace migrate::mysql
