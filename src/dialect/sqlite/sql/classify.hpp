/// What kind of statement a text is.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/sqlite/sql/text.hpp"
#include "dialect/statement.hpp"

namespace migrate::sqlite {

[[nodiscard]] StatementClass classify(const Statement& statement);

struct Pragma {
  std::string name;
  bool sets = false;
};

/// PRAGMA [schema.]name [= value | (value)]; an empty name for any other statement.
[[nodiscard]] Pragma pragma_of(const std::vector<Token>& tokens);

/// Whether the token at that place is one of the words.
[[nodiscard]] bool among(const std::vector<Token>& tokens, std::size_t at, std::initializer_list<std::string_view> words);

}  // namespace migrate::sqlite
