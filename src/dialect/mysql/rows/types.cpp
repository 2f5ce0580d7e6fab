#include "dialect/mysql/rows/types.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/mysql/sql/types.hpp"

namespace migrate::mysql {
namespace {

using Kind = ValueType::Kind;

int number_at(const Type& type, std::size_t index, int otherwise) { return index < type.arguments.size() ? std::atoi(type.arguments[index].c_str()) : otherwise; }

ValueType integer_values(const Type& type) {
  static const std::vector<std::pair<std::string_view, int>> widths{{"tinyint", 8}, {"smallint", 16}, {"mediumint", 24}, {"int", 32}, {"bigint", 64}};
  ValueType value{.kind = Kind::integer, .is_unsigned = type.is_unsigned};
  for (const auto& [name, width] : widths) {
    if (type.base == name) value.width = width;
  }
  if (type.base == "tinyint" && number_at(type, 0, 0) == 1 && !type.is_unsigned) value.kind = Kind::boolean;
  return value;
}

ValueType text_values(const Type& type, const std::string& collation) {
  ValueType value{.kind = Kind::text};
  value.ignores_case = collation.ends_with("_ci");
  if (type.base == "enum") value.values = type.arguments;
  if (type.base == "char" || type.base == "varchar") value.length = number_at(type, 0, 1);
  value.fixed = type.base == "char";
  return value;
}

ValueType values_of(const Type& type, const std::string& collation) {
  if (is_integer(type)) return integer_values(type);
  if (type.base == "decimal") return {.kind = Kind::decimal, .precision = number_at(type, 0, 10), .scale = number_at(type, 1, 0)};
  if (type.base == "float" || type.base == "double") return {.kind = Kind::real, .single = type.base == "float"};
  if (type.base == "year") return {.kind = Kind::integer, .width = 16};
  if (type.base == "bit") return {.kind = Kind::bits, .length = number_at(type, 0, 1), .fixed = true};
  if (type.base == "date") return {.kind = Kind::date};
  if (type.base == "time") return {.kind = Kind::time, .fraction = number_at(type, 0, 0)};
  if (type.base == "datetime") return {.kind = Kind::timestamp, .fraction = number_at(type, 0, 0)};
  if (type.base == "timestamp") return {.kind = Kind::timestamptz, .fraction = number_at(type, 0, 0), .narrow_years = true};
  if (type.base == "uuid") return {.kind = Kind::uuid};
  if (type.base == "json") return {.kind = Kind::json};
  if (type.base == "binary" || type.base == "varbinary") return {.kind = Kind::bytes, .length = number_at(type, 0, 1), .fixed = type.base == "binary"};
  if (type.base.ends_with("blob")) return {.kind = Kind::bytes};
  if (has_charset(type)) return text_values(type, collation);
  if (type.base.starts_with("inet")) return {.kind = Kind::other};
  return {.kind = Kind::bytes};  // shapes: the engine's own bytes
}

std::string integer_name(const ValueType& type) {
  const auto* name = type.width <= 8 ? "tinyint" : type.width <= 16 ? "smallint" : type.width <= 24 ? "mediumint" : type.width <= 32 ? "int" : "bigint";
  return std::string(name) + (type.is_unsigned ? " unsigned" : "");
}

/// Texts of engines that tell case and blanks apart keep being told apart.
std::string exact_collation(const Context& context) {
  if (context.mariadb) return "utf8mb4_nopad_bin";
  return context.version >= 80017 ? "utf8mb4_0900_bin" : "utf8mb4_0900_as_cs";
}

OwnType own_text(const ValueType& type, const TypeUse& use, const Context& context) {
  OwnType own;
  constexpr long long most = 16383;  // utf8mb4 in a row of 65,535 bytes
  if (type.length && *type.length <= 255 && type.fixed) own.type = fmt::format("char({})", *type.length);
  else if (use.in_key && (!type.length || *type.length > use.key_characters)) {
    own.type = fmt::format("varchar({})", use.key_characters);
    own.loss = fmt::format("it stands in a key, where a text has {} characters at most", use.key_characters);
  } else if (type.length && *type.length <= most && !(use.crowded && *type.length > 255)) {
    own.type = fmt::format("varchar({})", *type.length);
  } else {
    own.type = "longtext";
  }
  if (!type.ignores_case) own.collation = exact_collation(context);
  return own;
}

OwnType own_bytes(const ValueType& type, const TypeUse& use) {
  if (type.length && type.fixed && *type.length <= 255) return {fmt::format("binary({})", *type.length)};
  if (type.length && *type.length <= 65000 && !(use.crowded && *type.length > 255)) return {fmt::format("varbinary({})", *type.length)};
  if (use.in_key) return {fmt::format("varbinary({})", use.key_characters * 4), "", "it stands in a key, where bytes are limited"};
  return {"longblob"};
}

std::string with_fraction(const std::string& name, int digits) { return digits == 0 ? name : fmt::format("{}({})", name, std::min(digits, 6)); }

}  // namespace

ValueType value_type(const Column& column, const Context& context, const std::string& collation) {
  auto type = values_of(read_type(column.type, context), collation);
  // MariaDB's JSON is a text, which it keeps as it was written.
  type.normalizes = type.kind == Kind::json && !context.mariadb;
  type.name = column.type;
  return type;
}

OwnType own_type(const ValueType& type, const TypeUse& use, const Context& context) {
  switch (type.kind) {
    case Kind::boolean: return {"boolean"};
    case Kind::integer: return {integer_name(type)};
    case Kind::decimal: {
      if (type.precision && *type.precision <= 65 && type.scale.value_or(0) <= 30 && type.scale.value_or(0) >= 0) return {fmt::format("decimal({},{})", *type.precision, type.scale.value_or(0))};
      return {"decimal(65,30)", "", "65 digits, 30 of them behind the point, are all that it holds"};
    }
    case Kind::real: return {type.single ? "float" : "double"};
    case Kind::text: return own_text(type, use, context);
    case Kind::bytes: return own_bytes(type, use);
    case Kind::date: return {"date"};
    case Kind::time: return {with_fraction("time", type.fraction)};
    case Kind::timestamp: return {with_fraction("datetime", type.fraction)};
    case Kind::timestamptz: return {with_fraction("datetime", type.fraction), "", "a moment is kept as its time in UTC"};
    case Kind::uuid: return context.has_uuid() ? OwnType{"uuid"} : OwnType{"char(36)", "ascii_bin", "a UUID becomes text"};
    case Kind::json: return {"json"};
    case Kind::bits:
      if (type.fixed && type.length.value_or(65) <= 64) return {fmt::format("bit({})", *type.length)};
      return {type.length ? fmt::format("varchar({})", std::max(*type.length, 1LL)) : "longtext", "", type.name + " becomes text"};
    case Kind::any: return {use.in_key ? fmt::format("varchar({})", use.key_characters) : "longtext", exact_collation(context), "values of any type become text"};
    case Kind::other:
      if (use.in_key) return {fmt::format("varchar({})", use.key_characters), exact_collation(context), type.name + " becomes text"};
      return {"longtext", exact_collation(context), type.name + " becomes text"};
  }
  return {"longtext"};
}

}  // namespace migrate::mysql
