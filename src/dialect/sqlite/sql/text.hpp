/// SQLite's words: its lexical rules, names, literals and expressions as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate::sqlite {

[[nodiscard]] const LexicalRules& lexical_rules();

/// The name as SQL, in double quotes where it needs them. Case needs none: SQLite keeps it.
[[nodiscard]] std::string quote_name(std::string_view name);
[[nodiscard]] std::string quote_text(std::string_view text);

/// Whether the SQL mentions the name as an identifier.
[[nodiscard]] bool mentions_name(std::string_view sql, std::string_view name);

/// Tokens as SQL text with one blank where one is needed, keywords, functions and names in lower case. Names in
/// `columns` are written as they are there. A name in double quotes that is no column of `columns` is a string: so SQLite
/// reads it. The table's name before its columns is left out. The result means the same as the tokens.
[[nodiscard]] std::string canonical_expression(std::string_view sql, const std::vector<Column>& columns, std::string_view table = {});

/// A type name as it is compared: lower case, single blanks, none around brackets and commas.
[[nodiscard]] std::string canonical_type(std::string_view type);

/// What SQLite makes of a type name (manual, datatype3.html section 3.1).
enum class Affinity { integer, text, blob, real, numeric };
[[nodiscard]] Affinity affinity_of(std::string_view type);

/// The default that this SQL text (a literal, or an expression in or out of parentheses) is for a column of that type;
/// empty for NULL.
[[nodiscard]] std::optional<Default> canonical_default(std::string_view sql, std::string_view type, const std::vector<Column>& columns);

/// What stands behind DEFAULT.
[[nodiscard]] std::string default_sql(const Default& value, std::string_view type);

/// The text with every identifier that is `from` replaced by `to`; strings and everything else stay as they are.
[[nodiscard]] std::string replace_identifier(std::string_view sql, std::string_view from, std::string_view to);

/// Whether two texts are the same but for case, spacing, comments and quotes that nothing needs.
[[nodiscard]] bool same_sql(std::string_view a, std::string_view b);

/// The text as it was written, when that still means what the canonical text says (and does not name the table, which may
/// be made under another name first); the canonical text otherwise.
[[nodiscard]] const std::string& spelled(const Declaration& declared, const std::string& property, const std::string& canonical,
                                         const std::vector<Column>& columns);

/// Keeps how a text was written, for `spelled`.
void keep_spelling(Declaration& declared, const std::string& property, std::string_view written, const std::string& canonical);

}  // namespace migrate::sqlite
