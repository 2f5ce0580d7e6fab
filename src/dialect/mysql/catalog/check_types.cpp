// Types of a model that MySQL and MariaDB may not have. Nobody can define types there, so that all are known, but a later
// server may have more: it is asked about a name that is not in the list.
#include "dialect/mysql/catalog/check_types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"
#include "dialect/new_types.hpp"

namespace migrate::mysql {
namespace {

/// What may stand in a type's parentheses: the least and the largest of each number. None: no numbers (or values, as an enum's).
struct Limits {
  std::vector<std::pair<long long, long long>> numbers;
};

const std::map<std::string, Limits, std::less<>>& known_types() {
  const auto sized = [](long long most) { return Limits{{{0, most}}}; };
  static const std::map<std::string, Limits, std::less<>> types{
      {"tinyint", sized(255)}, {"smallint", sized(255)}, {"mediumint", sized(255)}, {"int", sized(255)}, {"bigint", sized(255)},
      {"decimal", {{{1, 65}, {0, 38}}}}, {"float", {{{1, 255}, {0, 30}}}}, {"double", {{{1, 255}, {0, 30}}}}, {"bit", {{{1, 64}}}},
      {"char", sized(255)}, {"varchar", sized(65535)}, {"binary", sized(255)}, {"varbinary", sized(65535)},
      {"tinytext", {}}, {"text", {}}, {"mediumtext", {}}, {"longtext", {}}, {"tinyblob", {}}, {"blob", {}}, {"mediumblob", {}}, {"longblob", {}},
      {"enum", {}}, {"set", {}}, {"json", {}}, {"date", {}}, {"year", {}},
      {"datetime", sized(6)}, {"timestamp", sized(6)}, {"time", sized(6)},
      {"geometry", {}}, {"point", {}}, {"linestring", {}}, {"polygon", {}}, {"multipoint", {}}, {"multilinestring", {}}, {"multipolygon", {}}, {"geometrycollection", {}}};
  return types;
}

std::optional<long long> number_of(const std::string& text) {
  long long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

/// Characters of up to four bytes, in a row of at most 65,535 bytes.
long long longest_varchar(const NewType& type, const Context& context) {
  const auto collation = !type.collation.empty() ? type.collation : type.table != nullptr ? table_collation(*type.table, context.collation) : context.collation;
  const auto charset = charset_of(collation);
  if (charset.starts_with("utf8mb4") || charset == "utf16" || charset == "utf32") return 16383;
  return charset.starts_with("utf8") ? 21844 : 65535;
}

void check_limits(const NewType& declared, const Type& type, const Context& context) {
  const auto& limits = known_types().find(type.base)->second.numbers;
  const auto fail = [&](const std::string& what) { refuse_type(declared, fmt::format("MySQL and MariaDB cannot have the type '{}': {}", declared.type, what)); };
  if (type.base == "enum" || type.base == "set") {
    if (type.arguments.empty()) fail("it has no values");
    if (type.base == "set" && type.arguments.size() > 64) fail("a set has at most 64 values");
    return;
  }
  if (type.arguments.size() > limits.size()) fail(limits.empty() ? "it takes no length" : "too many numbers");
  for (std::size_t i = 0; i < type.arguments.size(); ++i) {
    const auto number = number_of(type.arguments[i]);
    auto [least, most] = limits[i];
    if (type.base == "varchar" && number && *number <= most) most = longest_varchar(declared, context);
    if (!number) fail("'" + type.arguments[i] + "' is no number");
    if (*number < least || *number > most) fail(fmt::format("{} is not between {} and {}", *number, least, most));
  }
  if (type.arguments.size() == 2 && number_of(type.arguments[1]) > number_of(type.arguments[0])) fail("more digits behind the point than digits");
}

/// Preparing a CREATE TABLE parses it and makes nothing.
void ask(Connection& connection, const NewType& type, const Type& read) {
  const auto statement = "CREATE TABLE migrate_type (a " + read.text() + ")";
  try {
    (void)connection.query("PREPARE migrate_type FROM " + quote_text(statement));
    (void)connection.query("DEALLOCATE PREPARE migrate_type");
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
    std::vector<std::string> names{"boolean", "integer", "numeric", "serial", "bigserial", "uuid", "bytea", "timestamptz"};
    for (const auto& [name, limits] : known_types()) names.push_back(name);
    const auto near = nearest(read.base, names);
    refuse_type(type, fmt::format("the server has no type '{}'", type.type), near.empty() ? "" : "did you mean '" + near + "'?");
  }
}

}  // namespace

std::vector<ModelRemark> check_types(Connection& connection, const ServerInfo& server, const Schema& declared, const Schema& live) {
  const auto context = context_of(server, declared);
  std::map<std::string, bool> asked;
  for (const auto& type : new_types(declared, live)) {
    const auto read = read_type(type.type, context, type.location);
    if (known_types().contains(read.base)) check_limits(type, read, context);
    else if (asked.emplace(type.type, true).second) ask(connection, type, read);
  }
  return {};
}

}  // namespace migrate::mysql
