#include "schema/type_family.hpp"

#include <array>
#include <string_view>
#include <unordered_map>

#include "core/text.hpp"

namespace migrate {
namespace {

using Families = std::unordered_map<std::string, std::string>;

Families families() {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> table{{
      {"integer", "int integer bigint smallint tinyint mediumint int2 int4 int8 serial bigserial smallserial"},
      {"text", "text varchar char character longtext mediumtext tinytext nvarchar nchar citext string clob name"},
      {"number", "numeric decimal number money real double float float4 float8"},
      {"time", "timestamp timestamptz datetime date"},
      {"boolean", "boolean bool"},
      {"bytes", "blob bytea longblob mediumblob tinyblob binary varbinary"},
      {"json", "json jsonb"},
      {"uuid", "uuid"},
      {"duration", "time timetz interval year"},
      {"address", "inet cidr inet4 inet6 macaddr"},
  }};
  Families names;
  for (const auto& [family, members] : table) {
    for (const auto& name : split(members, ' ')) names.emplace(name, family);
  }
  return names;
}

}  // namespace

std::string type_family(const std::string& type) {
  static const Families names = families();
  const auto base = lower(type.substr(0, type.find_first_of("( [")));
  const auto it = names.find(base);
  return it == names.end() ? base : it->second;
}

double type_similarity(const std::string& a, const std::string& b) {
  if (equal_ignoring_case(a, b)) return 1;
  const auto family_a = type_family(a);
  const auto family_b = type_family(b);
  if (family_a == family_b) return 0.6;
  const auto pair = [&](std::string_view x, std::string_view y) {
    return (family_a == x && family_b == y) || (family_a == y && family_b == x);
  };
  // Types that people widen into one another.
  if (pair("integer", "number") || pair("json", "text") || pair("uuid", "text") || pair("boolean", "integer")) return 0.3;
  return 0;
}

}  // namespace migrate
