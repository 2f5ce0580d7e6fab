/// What the values of a column are, over all engines, and the one text in which a value of such a type is written on its way.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/connection.hpp"

namespace migrate {

/// What a column holds.
struct ValueType {
  enum class Kind {
    boolean,      ///< 0 or 1
    integer,
    decimal,      ///< digits without trailing zeros
    real,         ///< the shortest digits that read back the same
    text,
    bytes,
    date,
    time,
    timestamp,    ///< without a zone
    timestamptz,  ///< in UTC
    uuid,
    json,
    bits,         ///< '0101'
    any,          ///< SQLite: whatever somebody put in
    other         ///< what only its engine has (arrays, ranges, addresses), in the engine's own text
  };
  Kind kind = Kind::text;
  int width = 64;                       ///< integer: bits
  bool is_unsigned = false;
  bool single = false;                  ///< real: 24 bits of mantissa
  std::optional<int> precision, scale;  ///< decimal
  std::optional<long long> length;      ///< text: characters; bytes: bytes; bits: bits
  bool fixed = false;                   ///< char(n), binary(n), bit(n): all values have the length
  int fraction = 6;                     ///< digits of seconds that it holds
  std::vector<std::string> values;      ///< text: the only ones there are
  bool normalizes = false;              ///< json: the engine keeps a form of its own, and not the text
  bool ignores_case = false;            ///< text: 'a' equals 'A' in keys
  bool narrow_years = false;            ///< timestamptz: 1970 to 2038 only
  std::string name;                     ///< the engine's type, for people

  bool operator==(const ValueType&) const = default;
};

/// What an engine's values can be at all.
struct ValueLimits {
  bool nul_in_text = true;
  bool invalid_utf8 = false;
  bool nan = false;             ///< real, decimal
  bool infinity = false;
  bool zero_dates = false;      ///< 0000-00-00
  bool infinite_dates = false;  ///< infinity, years before 1 and above 9999
  std::string smallest_time, largest_time;  ///< "" is no limit
};

/// A canonical text, or why there is none.
struct CanonicalText {
  Field value;         ///< null, text or bytes
  std::string refusal; ///< not empty: the value is none of the type
};

/// The canonical text of a value. `buffer` holds it where it is not the value's own bytes.
[[nodiscard]] CanonicalText canonical_text(const ValueType& type, const Field& value, std::string& buffer);

/// Why a column of this type cannot hold the value, given in canonical text; "" when it can.
[[nodiscard]] std::string misfit(const ValueType& type, const ValueLimits& limits, const Field& value);

/// Whether two canonical texts are the same value: JSON is compared as what it says.
[[nodiscard]] bool same_value(const ValueType& type, const Field& a, const Field& b);

/// A value for people: cut off, bytes as hexadecimal digits.
[[nodiscard]] std::string shown_value(const Field& value);

/// "2024-02-28" and 2 days: "2024-03-01".
[[nodiscard]] std::string date_after(std::string_view date, long days);

/// The numbers in a type's parentheses: 10 and 2 of "numeric(10,2)".
[[nodiscard]] std::vector<int> type_numbers(std::string_view type);

[[nodiscard]] bool is_utf8(std::string_view text);
[[nodiscard]] long long characters(std::string_view utf8);
[[nodiscard]] std::string to_hex(std::string_view bytes);
[[nodiscard]] std::string from_hex(std::string_view digits);

/// 128 bits of a SHA-256, in hexadecimal digits; MySQL 9.6 has no MD5 any more.
[[nodiscard]] std::string hash_text(std::string_view bytes);
/// The number of a row, 60 bits of a SHA-256, as all engines compute it from the digests of its values.
[[nodiscard]] long long hash_of(std::string_view text);

/// Texts with more characters stand in their row's text by their hash.
inline constexpr long long most_digest_characters = 200;

/// What stands for a value in its row's text: numbers and times as they are, short texts with their length in front ("3:abc"), longer ones, bytes
/// and JSON by their hash; ~ for NULL.
[[nodiscard]] std::string digest(const ValueType& type, const Field& canonical);

/// Real numbers as digests have them, so that engines that print them differently agree: from 0.001 to 10^14, where all print them alike, plain
/// (1234.5), else 0.12345e-3.
[[nodiscard]] std::string real_digest(std::string_view shortest);

/// Rows in one piece of memory.
class RowBatch {
 public:
  explicit RowBatch(std::size_t columns) : columns_(columns) {}

  void add(const Field& field);
  [[nodiscard]] Field at(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::size_t columns() const { return columns_; }
  [[nodiscard]] std::size_t rows() const { return columns_ == 0 ? 0 : cells_.size() / columns_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_.size(); }
  void clear() { bytes_.clear(), cells_.clear(); }
  /// Takes back the values of a row that is not whole.
  void drop_partial_row() { cells_.resize(rows() * columns_); }
  /// Rows first to last (not included) as a batch of their own.
  [[nodiscard]] RowBatch part(std::size_t first, std::size_t last) const;

 private:
  struct Cell {
    std::size_t at;
    std::size_t size;
    Field::Kind kind;
  };
  std::size_t columns_;
  std::string bytes_;
  std::vector<Cell> cells_;
};

}  // namespace migrate
