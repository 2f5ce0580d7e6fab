/// Names, literals and the lexical rules of PostgreSQL.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// The longest name in bytes (NAMEDATALEN - 1).
inline constexpr std::size_t longest_name = 63;

[[nodiscard]] const LexicalRules& lexical_rules();

[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] std::string quote_name(const QualifiedName& name);
[[nodiscard]] std::string quote_text(std::string_view text);
/// Quoted names with ", " between them.
[[nodiscard]] std::string quote_names(const std::vector<std::string>& names);

/// A dollar-quoted string with a tag that the text does not hold.
[[nodiscard]] std::string dollar_quote(std::string_view text);

/// The name cut to what the server keeps, as the server would cut it (never inside a character).
[[nodiscard]] std::string cut_name(std::string_view name);

/// A name that fits: one that is too long keeps its start and ends in a digest of the whole.
[[nodiscard]] std::string shorten_name(const std::string& name);

/// Reads "schema.name", each part quoted or not, as SQL writes it.
[[nodiscard]] QualifiedName parse_name(std::string_view text);

/// Whether the SQL text names it, quoted or not.
[[nodiscard]] bool mentions(std::string_view sql, std::string_view name);

/// The text without a qualifier: every `qualifier.` before a name outside strings becomes `replacement` ("" or "other.").
[[nodiscard]] std::string replace_qualifier(std::string_view sql, std::string_view qualifier, std::string_view replacement);

/// A partition's bound as the server prints it, but for numbers, which go without quotes: "FOR VALUES FROM (1) TO (5)".
[[nodiscard]] std::string canonical_bound(std::string_view text);

/// Removes the parentheses that stand around the whole expression.
[[nodiscard]] std::string strip_parentheses(std::string_view expression);

}  // namespace migrate::postgresql
