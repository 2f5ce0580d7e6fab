#include "dialect/sqlite/rows/types.hpp"

#include <fmt/format.h>

#include <map>

#include "core/text.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {

using Kind = ValueType::Kind;

/// Words that say more than SQLite's affinities.
const std::map<std::string, Kind, std::less<>>& kinds() {
  static const std::map<std::string, Kind, std::less<>> map{
      {"boolean", Kind::boolean}, {"bool", Kind::boolean}, {"numeric", Kind::decimal}, {"decimal", Kind::decimal}, {"money", Kind::decimal}, {"date", Kind::date}, {"time", Kind::time},
      {"datetime", Kind::timestamp}, {"timestamp", Kind::timestamp}, {"timestamptz", Kind::timestamptz}, {"timestamp with time zone", Kind::timestamptz},
      {"timestamp without time zone", Kind::timestamp}, {"uuid", Kind::uuid}, {"guid", Kind::uuid}, {"json", Kind::json}, {"jsonb", Kind::json}, {"bytea", Kind::bytes},
      {"binary", Kind::bytes}, {"varbinary", Kind::bytes}, {"any", Kind::any}, {"", Kind::any}};
  return map;
}

Kind kind_of(const std::string& name, const std::string& type) {
  if (const auto found = kinds().find(name); found != kinds().end()) return found->second;
  switch (affinity_of(type)) {
    case Affinity::integer: return Kind::integer;
    case Affinity::text: return Kind::text;
    case Affinity::blob: return Kind::bytes;
    case Affinity::real: return Kind::real;
    case Affinity::numeric: break;
  }
  return Kind::any;
}

/// Digits of a decimal number that a floating-point number gives back as they were.
constexpr int exact_digits = 15;

}  // namespace

ValueType value_type(const Column& column) {
  const auto type = lower(collapse_spaces(column.type));
  auto name = std::string(trim(std::string_view(type).substr(0, type.find('('))));
  if (const auto close = type.find(')'); close != std::string::npos && close + 1 < type.size()) name += type.substr(close + 1);
  ValueType value{.kind = kind_of(name, type), .ignores_case = equal_ignoring_case(column.collation, "nocase"), .name = column.type.empty() ? "a column without a type" : column.type};
  const auto numbers = type_numbers(type);
  if (numbers.empty()) return value;
  if (value.kind == Kind::decimal) {
    value.precision = numbers[0];
    value.scale = numbers.size() > 1 ? numbers[1] : 0;
  } else if (value.kind == Kind::text || value.kind == Kind::bytes) {
    value.length = numbers[0];
  }
  return value;
}

OwnType own_type(const ValueType& type) {
  switch (type.kind) {
    case Kind::boolean: return {"boolean"};
    case Kind::integer:
      if (type.is_unsigned && type.width == 64) return {"text", "", "whole numbers above 9223372036854775807 are kept as text"};
      return {type.width <= 16 ? "smallint" : type.width <= 32 ? "integer" : "bigint"};
    case Kind::decimal:
      if (type.precision && *type.precision <= exact_digits) return {fmt::format("numeric({},{})", *type.precision, type.scale.value_or(0))};
      return {"text", "", "numbers with more than 15 digits are kept as text"};
    case Kind::real: return {type.single ? "real" : "double precision"};
    case Kind::text: return {type.length ? fmt::format("varchar({})", *type.length) : "text", type.ignores_case ? "nocase" : "", ""};
    case Kind::bytes: return {"blob"};
    case Kind::date: return {"date"};
    case Kind::time: return {"time"};
    case Kind::timestamp: return {"timestamp"};
    case Kind::timestamptz: return {"timestamptz", "", "a moment is kept as its time in UTC"};
    case Kind::uuid: return {"uuid"};
    case Kind::json: return {"text", "", "JSON is kept as text"};
    case Kind::bits: return {"text", "", type.name + " becomes text"};
    case Kind::any: return {""};
    case Kind::other: return {"text", "", type.name + " becomes text"};
  }
  return {"text"};
}

}  // namespace migrate::sqlite
