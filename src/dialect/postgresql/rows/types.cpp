#include "dialect/postgresql/rows/types.hpp"

#include <fmt/format.h>

#include <map>

#include "core/text.hpp"
#include "dialect/postgresql/sql/types.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

using Kind = ValueType::Kind;

ValueType values_of(const std::string& name) {
  static const std::map<std::string, Kind, std::less<>> kinds{
      {"boolean", Kind::boolean}, {"smallint", Kind::integer}, {"integer", Kind::integer}, {"bigint", Kind::integer}, {"oid", Kind::integer}, {"numeric", Kind::decimal},
      {"money", Kind::decimal}, {"real", Kind::real}, {"double precision", Kind::real}, {"text", Kind::text}, {"varchar", Kind::text}, {"char", Kind::text}, {"bpchar", Kind::text},
      {"name", Kind::text}, {"\"char\"", Kind::text}, {"citext", Kind::text}, {"bytea", Kind::bytes}, {"date", Kind::date}, {"time", Kind::time},
      {"timestamp", Kind::timestamp}, {"timestamptz", Kind::timestamptz}, {"uuid", Kind::uuid}, {"json", Kind::json}, {"jsonb", Kind::json}, {"bit", Kind::bits}, {"varbit", Kind::bits}};
  ValueType type{.kind = Kind::other, .name = name};
  const auto base = base_type(name);
  const auto found = kinds.find(base);
  if (is_array(name) || found == kinds.end()) return type;
  const auto numbers = type_numbers(name);
  type.kind = found->second;
  if (base == "smallint" || base == "integer") type.width = base == "integer" ? 32 : 16;
  if (base == "oid") type.width = 32, type.is_unsigned = true;
  type.single = base == "real";
  type.normalizes = base == "jsonb";
  type.ignores_case = base == "citext";
  if (base == "money") type.precision = 19, type.scale = 2;
  if (numbers.empty()) return type;
  if (type.kind == Kind::decimal) {
    type.precision = numbers[0];
    type.scale = numbers.size() > 1 ? numbers[1] : 0;
  } else if (type.kind == Kind::text || type.kind == Kind::bits) {
    type.length = numbers[0];
    type.fixed = base == "char" || base == "bit";
  } else {
    type.fraction = numbers[0];
  }
  return type;
}

std::string integer_name(const ValueType& type) {
  const int bits = type.width + (type.is_unsigned ? 1 : 0);
  return bits <= 16 ? "smallint" : bits <= 32 ? "integer" : bits <= 64 ? "bigint" : "numeric(20)";
}

std::string with_fraction(const std::string& name, const ValueType& type) { return type.fraction >= 6 ? name : fmt::format("{}({})", name, type.fraction); }

}  // namespace

ValueType value_type(const Column& column, const Schema& schema) {
  auto name = column.type;
  for (int depth = 0; depth < 16; ++depth) {
    const auto domain = std::find_if(schema.domains.begin(), schema.domains.end(), [&](const Domain& d) { return d.name.text() == name; });
    if (domain == schema.domains.end()) break;
    name = domain->type;
  }
  for (const auto& type : schema.enums) {
    if (type.name.text() == name) return {.kind = Kind::text, .values = type.values, .name = name};
  }
  return values_of(name);
}

OwnType own_type(const ValueType& type) {
  switch (type.kind) {
    case Kind::boolean: return {"boolean"};
    case Kind::integer: return {integer_name(type)};
    case Kind::decimal:
      if (!type.precision || *type.precision > 1000) return {"numeric"};
      return {fmt::format("numeric({},{})", *type.precision, type.scale.value_or(0))};
    case Kind::real: return {type.single ? "real" : "double precision"};
    case Kind::text:
      if (type.length && *type.length > 0 && *type.length <= 10485760) return {fmt::format("{}({})", type.fixed ? "char" : "varchar", *type.length)};
      return {"text"};
    case Kind::bytes: return {"bytea", "", type.length ? "the length is not limited any more" : ""};
    case Kind::date: return {"date"};
    case Kind::time: return {with_fraction("time", type)};
    case Kind::timestamp: return {with_fraction("timestamp", type)};
    case Kind::timestamptz: return {with_fraction("timestamptz", type)};
    case Kind::uuid: return {"uuid"};
    case Kind::json: return {type.normalizes ? "jsonb" : "json"};
    case Kind::bits: return {fmt::format("{}({})", type.fixed ? "bit" : "varbit", type.length.value_or(64))};
    case Kind::any: return {"text", "", "values of any type become text"};
    case Kind::other:
      if (type.name.starts_with("inet")) return {"inet"};
      return {"text", "", type.name + " becomes text"};
  }
  return {"text"};
}

}  // namespace migrate::postgresql
