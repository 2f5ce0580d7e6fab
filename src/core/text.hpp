/// Small helpers over text. Bytes are UTF-8; case functions touch ASCII only.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

/// ASCII white space: blank, tab, line ends, form feed, vertical tab.
[[nodiscard]] bool is_space(char c);

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] std::string upper(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] bool starts_with_ignoring_case(std::string_view text, std::string_view prefix);

/// Splits at every `separator`; the parts are trimmed, empty ones are kept ("" gives none).
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);
[[nodiscard]] std::string replace_all(std::string text, std::string_view from, std::string_view to);

/// Runs of white space become one blank; trimmed.
[[nodiscard]] std::string collapse_spaces(std::string_view text);

/// Text as part of a file name or an SQL name: lower case, runs of anything but [a-z0-9] become one '_'.
[[nodiscard]] std::string slug(std::string_view text, std::size_t max_length = 40);
/// The same for the name of a file: letters of every alphabet stay ("Größe ändern" is "größe_ändern"). The length is in characters.
[[nodiscard]] std::string file_slug(std::string_view text, std::size_t max_length = 40);

/// Whether `text` matches a glob of `*` and `?`.
[[nodiscard]] bool glob_match(std::string_view pattern, std::string_view text);

/// Levenshtein distance with transpositions counting as one.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate most like `text`, or "" when none is near enough to be meant.
[[nodiscard]] std::string nearest(std::string_view text, std::span<const std::string> candidates);

/// "did you mean 'x'?" for the nearest candidate, or a list of the candidates.
[[nodiscard]] std::string did_you_mean(std::string_view text, std::span<const std::string> candidates);

/// Text for a terminal or a log: what would move its cursor, change its colours or turn its letters about is written as an escape
/// (\u001b), bytes that are no UTF-8 become U+FFFD. Line ends and tabs stay; a '\r' in front of a line end goes.
[[nodiscard]] std::string printable(std::string_view text);
/// UTF-8 text cut to what a terminal shows in that many columns, with "..." where something is left out. Wide characters take two
/// columns, combining ones none.
[[nodiscard]] std::string cut_to_width(std::string_view text, int columns);

/// "3 tables", "1 table".
[[nodiscard]] std::string plural(std::size_t count, std::string_view noun);

/// Looks whether a file is text as everything here reads it: UTF-8, with at most one byte order mark, without the mark that DOS
/// ends a file with. Looks at the start and the end only. Throws Error (usage) that says which other form the file has.
void check_encoding(std::string_view text, const std::string& file);

/// The offset of a line and a column (both from 1; in bytes); the text's size when it has no such place.
[[nodiscard]] std::size_t offset_of(std::string_view text, int line, int column);

}  // namespace migrate
