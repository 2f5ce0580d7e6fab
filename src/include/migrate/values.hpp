/// Values that go into SQL and come out of it.
#pragma once

#include <concepts>
#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

/// SQL text, maybe with another spelling for some engines.
///
///     op.execute(migrate::sql("UPDATE users SET name = first || ' ' || last").on("mysql", "UPDATE users SET name = concat(first, ' ', last)"));
class SqlText {
 public:
  SqlText() = default;
  SqlText(const char* text) : text_(text) {}               // NOLINT: plain text is meant to do
  SqlText(std::string text) : text_(std::move(text)) {}    // NOLINT
  SqlText(std::string_view text) : text_(text) {}          // NOLINT

  /// The spelling for an engine: "sqlite", "postgresql", "mysql", or "mariadb", which is stronger than "mysql" there.
  SqlText& on(std::string engine, std::string text) {
    engines_[std::move(engine)] = std::move(text);
    return *this;
  }

  [[nodiscard]] bool empty() const { return text_.empty() && engines_.empty(); }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const std::map<std::string, std::string>& engines() const { return engines_; }

 private:
  std::string text_;
  std::map<std::string, std::string> engines_;
};

[[nodiscard]] inline SqlText sql(std::string text) { return SqlText(std::move(text)); }

/// Bytes for a binary column.
struct Bytes {
  std::string data;
};

/// One value: nullptr or an empty std::optional is NULL, migrate::sql("now()") is an expression.
class Scalar {
 public:
  enum class Kind { null, number, boolean, text, bytes, expression };

  Scalar(std::nullptr_t) {}        // NOLINT: values are meant to convert
  Scalar(std::nullopt_t) {}        // NOLINT
  Scalar(bool value) : kind_(Kind::boolean), text_(value ? "true" : "false") {}         // NOLINT
  template <std::integral T>
    requires(!std::same_as<T, bool>)
  Scalar(T value) : kind_(Kind::number), text_(std::to_string(value)) {}                // NOLINT
  Scalar(double value);                                                                 // NOLINT
  Scalar(float value) : Scalar(static_cast<double>(value)) {}                           // NOLINT
  Scalar(const char* value) : kind_(Kind::text), text_(value) {}                        // NOLINT
  Scalar(std::string value) : kind_(Kind::text), text_(std::move(value)) {}             // NOLINT
  Scalar(std::string_view value) : kind_(Kind::text), text_(value) {}                   // NOLINT
  Scalar(Bytes value) : kind_(Kind::bytes), text_(std::move(value.data)) {}             // NOLINT
  Scalar(SqlText value) : kind_(Kind::expression), expression_(std::move(value)) {}     // NOLINT
  template <class T>
  Scalar(const std::optional<T>& value) {                                               // NOLINT
    if (value) *this = Scalar(*value);
  }

  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] const SqlText& expression() const { return expression_; }

 private:
  Kind kind_ = Kind::null;
  std::string text_;
  SqlText expression_;
};

using Scalars = std::vector<Scalar>;

/// What a query returned: rows of text, read as the types that you name.
///
///     for (const auto& row : op.query("SELECT id, name FROM users")) {
///       auto id = row.get<long long>("id");
///       auto name = row.get<std::optional<std::string>>("name");
///     }
class Rows {
 public:
  using Cell = std::optional<std::string>;

  class Row {
   public:
    Row(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}

    /// The value as T: an integer, double, bool, std::string, or std::optional of one. Throws Error for NULL without
    /// std::optional, for text that is no T and for a column that is not there.
    template <class T>
    [[nodiscard]] T get(std::size_t column) const;
    template <class T>
    [[nodiscard]] T get(std::string_view column) const {
      return get<T>(rows_->column(column));
    }
    template <class T>
    [[nodiscard]] T get(const char* column) const {
      return get<T>(rows_->column(column));
    }
    [[nodiscard]] const Cell& cell(std::size_t column) const { return rows_->cell(index_, column); }

    /// All values at once: auto [id, name] = row.as<long long, std::string>();
    template <class... T>
    [[nodiscard]] std::tuple<T...> as() const {
      return as_tuple<T...>(std::index_sequence_for<T...>{});
    }

   private:
    template <class... T, std::size_t... I>
    [[nodiscard]] std::tuple<T...> as_tuple(std::index_sequence<I...>) const {
      return std::tuple<T...>{get<T>(I)...};
    }

    const Rows* rows_;
    std::size_t index_;
  };

  class Iterator {
   public:
    Iterator(const Rows& rows, std::size_t index) : rows_(&rows), index_(index) {}
    Row operator*() const { return Row(*rows_, index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Rows* rows_;
    std::size_t index_;
  };

  Rows(std::vector<std::string> columns, std::vector<std::vector<Cell>> rows, Location location)
      : columns_(std::move(columns)), rows_(std::move(rows)), location_(std::move(location)) {}

  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] const std::vector<std::string>& columns() const { return columns_; }
  [[nodiscard]] Row operator[](std::size_t index) const { return Row(*this, index); }
  [[nodiscard]] Iterator begin() const { return Iterator(*this, 0); }
  [[nodiscard]] Iterator end() const { return Iterator(*this, rows_.size()); }

  /// The place of a column. Throws Error when the query has none of that name.
  [[nodiscard]] std::size_t column(std::string_view name) const;
  [[nodiscard]] const Cell& cell(std::size_t row, std::size_t column) const;

  [[nodiscard]] long long as_integer(std::size_t row, std::size_t column) const;
  [[nodiscard]] double as_real(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool as_boolean(std::size_t row, std::size_t column) const;
  [[nodiscard]] const std::string& as_text(std::size_t row, std::size_t column) const;
  /// Throws Error: the number does not fit.
  [[noreturn]] void refuse(std::size_t row, std::size_t column, const char* why) const;

 private:
  std::vector<std::string> columns_;
  std::vector<std::vector<Cell>> rows_;
  Location location_;
};

namespace detail {
template <class T>
struct optional_of {
  static constexpr bool is = false;
};
template <class T>
struct optional_of<std::optional<T>> {
  static constexpr bool is = true;
  using type = T;
};
}  // namespace detail

template <class T>
T Rows::Row::get(std::size_t column) const {
  if constexpr (detail::optional_of<T>::is) {
    if (!cell(column)) return std::nullopt;
    return get<typename detail::optional_of<T>::type>(column);
  } else if constexpr (std::same_as<T, bool>) {
    return rows_->as_boolean(index_, column);
  } else if constexpr (std::integral<T>) {
    const long long wide = rows_->as_integer(index_, column);
    if (static_cast<long long>(static_cast<T>(wide)) != wide) rows_->refuse(index_, column, "does not fit into the type that it is read as");
    return static_cast<T>(wide);
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(rows_->as_real(index_, column));
  } else {
    static_assert(std::constructible_from<T, const std::string&>, "read a value as an integer, double, bool, std::string, or std::optional of one");
    return T(rows_->as_text(index_, column));
  }
}

}  // namespace migrate
