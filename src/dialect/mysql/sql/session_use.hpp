/// What a statement has to do with its session.
#pragma once

#include <string>
#include <string_view>

#include "dialect/mysql/sql/text.hpp"
#include "dialect/session_use.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate::mysql {

/// SqlFace::session_use().
[[nodiscard]] SessionUse session_use(std::string_view sql, const LexicalRules& rules = lexical_rules());

/// Whether the statement calls a function that is none of the server's known ones: it may do anything.
[[nodiscard]] bool calls_own_functions(const std::vector<Token>& tokens);

/// SQL for the value of a text that puts the item back where it was, run later in another session: "SET @`id` = 4;". "" where
/// that cannot be.
[[nodiscard]] std::string keep_expression(const SessionItem& item);

}  // namespace migrate::mysql
