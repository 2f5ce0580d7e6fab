/// MySQL's and MariaDB's text: lexical rules, names, literals, where statements end.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/lexer.hpp"
#include "dialect/statement.hpp"
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

/// Half-open byte ranges.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

/// Where each statement of a text stands, without its delimiter.
[[nodiscard]] std::vector<Range> statement_ranges(std::string_view sql, const Location& location = {});

[[nodiscard]] std::vector<Statement> split_statements(std::string_view sql, const Location& location);

[[nodiscard]] StatementClass classify_statement(std::string_view sql);

/// Dialect::restore_session().
[[nodiscard]] std::vector<std::string> restore_session(const std::vector<Statement>& statements, Connection* connection);

/// Whether the statement commits the transaction that it stands in, or may do so, as a procedure may.
[[nodiscard]] bool commits_transaction(std::string_view sql);

/// CALL and the like answer with any number of results; every other statement with exactly one.
[[nodiscard]] bool may_return_several_results(std::string_view sql);

/// The offsets of the '?' that stand for values.
[[nodiscard]] std::vector<std::size_t> placeholders(std::string_view sql);

}  // namespace migrate::mysql
