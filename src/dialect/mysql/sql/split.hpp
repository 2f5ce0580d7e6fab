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

/// Where each statement of a text stands, without its delimiter.
[[nodiscard]] std::vector<Range> statement_ranges(std::string_view sql, const Location& location = {});

[[nodiscard]] std::vector<Statement> split_statements(std::string_view sql, const Location& location);

/// The offsets of the '?' that stand for values.
[[nodiscard]] std::vector<std::size_t> placeholders(std::string_view sql);

}  // namespace migrate::mysql
