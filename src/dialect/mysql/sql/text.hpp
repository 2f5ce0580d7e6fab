/// MySQL's and MariaDB's text: lexical rules, names, literals.
#pragma once

#include <string>
#include <string_view>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate::mysql {

[[nodiscard]] const LexicalRules& lexical_rules();

/// Whether the word cannot stand as a name without quotes, in MySQL 8 or in MariaDB 11.
[[nodiscard]] bool is_reserved(std::string_view word);

/// Quoted where that is needed, with backticks.
[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] std::string quote_name(const QualifiedName& name);

/// The name in backticks, needed or not: for statements that only the server sees.
[[nodiscard]] std::string backtick(std::string_view name);

/// A string literal; backslashes are doubled, as the default sql_mode asks.
[[nodiscard]] std::string quote_text(std::string_view text);

/// The value of a literal as the server prints it: '..' with '' and backslashes.
[[nodiscard]] std::string literal_value(std::string_view literal);

}  // namespace migrate::mysql
