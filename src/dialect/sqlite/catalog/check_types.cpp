// Every word is a type in SQLite: what is none anywhere was perhaps a slip.
#include "dialect/sqlite/catalog/check_types.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/new_types.hpp"

namespace migrate::sqlite {
namespace {

/// What people write as types for SQLite: its own, and those of other engines.
const std::vector<std::string>& usual_types() {
  static const std::vector<std::string> words{
      "any", "bigint", "bigserial", "binary", "bit", "blob", "bool", "boolean", "bytea", "char", "character", "clob", "currency", "date", "datetime",
      "dec", "decimal", "double", "double precision", "enum", "fixed", "float", "float4", "float8", "guid", "inet", "int", "int2", "int4", "int8",
      "integer", "interval", "json", "jsonb", "long", "longblob", "longtext", "mediumblob", "mediumint", "mediumtext", "money", "nchar", "ntext",
      "number", "numeric", "nvarchar", "real", "serial", "set", "smallint", "smallserial", "string", "text", "time", "timestamp", "timestamptz",
      "timetz", "tinyblob", "tinyint", "tinytext", "unsigned big int", "uuid", "varbinary", "varchar", "varchar2", "varying character", "year"};
  return words;
}

bool is_usual(const std::string& name) {
  const auto& all = usual_types();
  if (std::find(all.begin(), all.end(), name) != all.end()) return true;
  // "integer unsigned", "timestamp with time zone", "character varying": the first word says what it is.
  const auto blank = name.find(' ');
  return blank != std::string::npos && std::find(all.begin(), all.end(), name.substr(0, blank)) != all.end();
}

}  // namespace

std::vector<ModelRemark> check_types(const Schema& declared, const Schema& live) {
  std::vector<ModelRemark> remarks;
  for (const auto& type : new_types(declared, live)) {
    const auto open = type.type.find('(');
    const auto name = lower(collapse_spaces(type.type.substr(0, open)));
    if (open != std::string::npos && type.type.find('-', open) != std::string::npos) {
      remarks.push_back({fmt::format("{}: the length in '{}' is negative; SQLite takes it and looks at none", type.what, type.type), type.location});
    }
    if (name.empty() || is_usual(name)) continue;
    const auto near = nearest(name, usual_types());
    if (!near.empty()) remarks.push_back({fmt::format("{}: no usual type is called '{}', though SQLite takes any word; did you mean '{}'?", type.what, name, near), type.location});
  }
  return remarks;
}

}  // namespace migrate::sqlite
