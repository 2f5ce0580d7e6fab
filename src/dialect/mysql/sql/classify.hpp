/// What kind of statement a text is, read by the rules that its session's mode makes.
#pragma once

#include <string_view>

#include "dialect/mysql/sql/text.hpp"
#include "dialect/statement.hpp"

namespace migrate::mysql {

[[nodiscard]] StatementClass classify_statement(std::string_view sql, const LexicalRules& rules = lexical_rules());

/// Whether the statement commits the transaction that it stands in, or may do so, as a procedure may.
[[nodiscard]] bool commits_transaction(std::string_view sql, const LexicalRules& rules = lexical_rules());

/// CREATE TRIGGER and the like: MySQL keeps what stands behind such a statement in its message, up to the next one, as a part of the program.
[[nodiscard]] bool makes_program(std::string_view sql, const LexicalRules& rules = lexical_rules());

/// CALL and the like answer with any number of results; every other statement with exactly one.
[[nodiscard]] bool may_return_several_results(std::string_view sql, const LexicalRules& rules = lexical_rules());

}  // namespace migrate::mysql
