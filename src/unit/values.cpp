#include "migrate/values.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

namespace migrate {

/// The shortest text that is read back as the same number.
Scalar::Scalar(double value) : kind_(std::isfinite(value) ? Kind::number : Kind::text), text_(fmt::format("{}", value)) {
  if (std::isnan(value)) text_ = "NaN";
  else if (std::isinf(value)) text_ = value > 0 ? "Infinity" : "-Infinity";
}

std::size_t Rows::column(std::string_view name) const {
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (columns_[i] == name) return i;
  }
  std::string known;
  for (const auto& column : columns_) known += (known.empty() ? "" : ", ") + column;
  throw Error{ErrorKind::usage, fmt::format("the query has no column '{}'", name), "it has: " + known, location_};
}

const Rows::Cell& Rows::cell(std::size_t row, std::size_t column) const {
  if (row < rows_.size() && column < rows_[row].size()) return rows_[row][column];
  throw Error{ErrorKind::usage, fmt::format("the query has no value at row {}, column {}: it has {} rows and {} columns", row, column, rows_.size(), columns_.size()), "", location_};
}

void Rows::refuse(std::size_t row, std::size_t column, const char* why) const {
  const auto& value = cell(row, column);
  const auto name = column < columns_.size() ? columns_[column] : std::to_string(column);
  throw Error{ErrorKind::failed, fmt::format("the column {} of row {} of the query ({}) {}", name, row + 1, value ? "'" + *value + "'" : std::string("NULL"), why), "", location_};
}

const std::string& Rows::as_text(std::size_t row, std::size_t column) const {
  const auto& value = cell(row, column);
  if (!value) refuse(row, column, "has no value: read it as a std::optional");
  return *value;
}

long long Rows::as_integer(std::size_t row, std::size_t column) const {
  const auto& text = as_text(row, column);
  if (text == "t" || text == "f") return text == "t" ? 1 : 0;
  char* end = nullptr;
  errno = 0;
  const auto value = std::strtoll(text.c_str(), &end, 10);
  if (text.empty() || *end != '\0' || errno != 0) refuse(row, column, "is not an integer");
  return value;
}

double Rows::as_real(std::size_t row, std::size_t column) const {
  const auto& text = as_text(row, column);
  char* end = nullptr;
  const auto value = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0') refuse(row, column, "is not a number");
  return value;
}

bool Rows::as_boolean(std::size_t row, std::size_t column) const {
  const auto& text = as_text(row, column);
  for (const auto* yes : {"1", "t", "true", "TRUE", "yes", "on", "\1"}) {
    if (text == yes) return true;
  }
  for (const auto* no : {"0", "f", "false", "FALSE", "no", "off"}) {
    if (text == no) return false;
  }
  if (text.empty() || (text.size() == 1 && text[0] == '\0')) return false;
  refuse(row, column, "is neither true nor false");
}

}  // namespace migrate
