/// Column types and literal defaults in canonical form.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// A column type taken apart. `base` is MySQL's own name in lower case.
struct Type {
  std::string base;
  std::vector<std::string> arguments;  ///< numbers as written, or the values of an enum or set without quotes
  bool is_unsigned = false;
  bool zerofill = false;
  bool serial = false;     ///< it was one of the serial types
  std::string charset;     ///< written inside the type: varchar(10) character set latin1
  std::string collation;

  [[nodiscard]] std::string text() const;
};

/// Reads a type as people, other engines and the server write it, and brings it to canonical form. Throws Error (usage)
/// at `location` for a type that the engine cannot have.
[[nodiscard]] Type read_type(std::string_view text, const Context& context, const Location& location = {});

/// The text of an integer type with a display width that is not the usual one, "int(10)": it says nothing about the values
/// and is no difference, but a table that is made again should look as it did. "" for all others.
[[nodiscard]] std::string odd_width(std::string_view written, const Type& type);

[[nodiscard]] bool has_charset(const Type& type);   ///< char, varchar, the texts, enum, set
[[nodiscard]] bool is_integer(const Type& type);
[[nodiscard]] bool is_numeric(const Type& type);
[[nodiscard]] bool is_text_or_blob(const Type& type);
[[nodiscard]] bool is_binary(const Type& type);
[[nodiscard]] bool is_json(const Type& type);
[[nodiscard]] bool is_temporal(const Type& type);
[[nodiscard]] bool is_spatial(const Type& type);  ///< geometry and what is one

/// A literal default's bare text as the server would store it for the type: '1' is 1.00 in a decimal(5,2).
[[nodiscard]] std::string canonical_literal(const Type& type, const std::string& text);

/// The bare text as an SQL literal for the type.
[[nodiscard]] std::string literal_sql(const Type& type, const std::string& text);

}  // namespace migrate::mysql
