#include "dialect/postgresql/sql/types.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <vector>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

/// Every spelling that is not the canonical one. Those in the second half are no PostgreSQL types at all: they are the
/// portable names of a model that serves several engines.
const std::map<std::string, std::string, std::less<>>& aliases() {
  static const std::map<std::string, std::string, std::less<>> map{
      {"int", "integer"}, {"int4", "integer"}, {"int8", "bigint"}, {"int2", "smallint"}, {"bool", "boolean"},
      {"float4", "real"}, {"float8", "double precision"}, {"float", "double precision"}, {"decimal", "numeric"},
      {"dec", "numeric"}, {"character varying", "varchar"}, {"char varying", "varchar"}, {"character", "char"},
      {"national character varying", "varchar"}, {"national char varying", "varchar"}, {"nchar varying", "varchar"},
      {"national character", "char"}, {"national char", "char"}, {"nchar", "char"}, {"bit varying", "varbit"},
      {"timestamp without time zone", "timestamp"}, {"timestamp with time zone", "timestamptz"},
      {"time without time zone", "time"}, {"time with time zone", "timetz"}, {"serial4", "serial"},
      {"serial8", "bigserial"}, {"serial2", "smallserial"},
      {"blob", "bytea"}, {"tinyblob", "bytea"}, {"mediumblob", "bytea"}, {"longblob", "bytea"}, {"varbinary", "bytea"},
      {"binary", "bytea"}, {"datetime", "timestamptz"}, {"double", "double precision"}, {"tinyint", "smallint"},
      {"mediumint", "integer"}, {"tinytext", "text"}, {"mediumtext", "text"}, {"longtext", "text"}, {"string", "text"},
      {"nvarchar", "varchar"}, {"guid", "uuid"}};
  return map;
}

constexpr auto builtin = std::to_array<std::string_view>({
    "\"char\"", "aclitem", "bigint", "bigserial", "bit", "boolean", "box", "bpchar", "bytea", "char", "cid", "cidr", "circle",
    "date", "datemultirange", "daterange", "double precision", "inet", "int4multirange", "int4range", "int8multirange",
    "int8range", "integer", "interval", "json", "jsonb", "jsonpath", "line", "lseg", "macaddr", "macaddr8", "money", "name",
    "numeric", "nummultirange", "numrange", "oid", "oidvector", "path", "pg_lsn", "pg_snapshot", "point", "polygon", "real",
    "refcursor", "regclass", "regcollation", "regconfig", "regdictionary", "regnamespace", "regoper", "regoperator",
    "regproc", "regprocedure", "regrole", "regtype", "serial", "smallint", "smallserial", "text", "tid", "time",
    "timestamp", "timestamptz", "timetz", "tsmultirange", "tsquery", "tsrange", "tstzmultirange", "tstzrange", "tsvector",
    "txid_snapshot", "uuid", "varbit", "varchar", "xid", "xid8", "xml",
});

struct Parsed {
  std::string name;       ///< words in lower case with one blank between them, or a bare (qualified) name
  std::string modifier;   ///< "(10, 2)" without blanks: "10,2"
  std::string field;      ///< of an interval: "day to second"
  bool has_modifier = false;
  bool array = false;
  bool quoted = false;
};

/// Reads "character varying(255)[]", "timestamp(3) with time zone", "audit.\"Level\"", "integer array".
Parsed parse(std::string_view text) {
  Parsed result;
  int depth = 0;
  for (const auto& token : tokenize(text, lexical_rules())) {
    if (token.is_symbol("(")) {
      ++depth;
      result.has_modifier = true;
      if (depth == 1) continue;
    } else if (token.is_symbol(")")) {
      if (--depth == 0) continue;
    }
    if (depth > 0) {
      result.modifier += token.text;
    } else if (token.is_symbol("[") || token.is("array")) {
      result.array = true;
    } else if (token.is_symbol("]") || (result.array && token.kind == TokenKind::number)) {
      continue;
    } else if (token.is_symbol(".")) {
      result.name += ".";
    } else if (token.kind == TokenKind::quoted_name) {
      result.quoted = true;
      result.name += unquote_name(token.text);
    } else {
      const auto word = lower(token.text);
      if (!result.name.empty() && !result.name.ends_with(".")) result.name += " ";
      result.name += word;
    }
  }
  return result;
}

/// "10,0" says the same as "10"; "1" is what char and bit have without a length; 6 digits are what times have anyway, but
/// the server keeps them apart, and so do we.
std::string canonical_modifier(const std::string& type, const Parsed& parsed) {
  if (!parsed.has_modifier) return type == "char" || type == "bit" ? "(1)" : "";
  if (type == "numeric" && parsed.modifier.ends_with(",0")) return "(" + parsed.modifier.substr(0, parsed.modifier.size() - 2) + ")";
  if (type == "text" || type == "bytea" || is_integer_type(type)) return "";  // blob(10), int(11) of another engine
  return "(" + parsed.modifier + ")";
}

}  // namespace

std::string element_type(std::string_view type) {
  while (type.ends_with("[]")) type.remove_suffix(2);
  return std::string(type);
}

std::string base_type(std::string_view type) {
  auto element = element_type(type);
  if (element.starts_with("interval ")) return "interval";
  const auto open = element.find('(');
  if (open == std::string::npos) return element;
  return std::string(trim(std::string_view(element).substr(0, open)));
}

std::vector<std::string> usual_names() { return {builtin.begin(), builtin.end()}; }

bool is_builtin(std::string_view type) { return std::binary_search(builtin.begin(), builtin.end(), base_type(type)); }

std::string canonical_type(std::string_view type, const std::set<std::string>& own, std::string_view default_schema) {
  type = trim(type);
  if (own.count(std::string(type)) != 0) return std::string(type);
  if (own.count(element_type(type)) != 0) return element_type(type) + "[]";
  if (type == "\"char\"" || type == "\"char\"[]") return std::string(type);
  auto parsed = parse(type);
  auto& name = parsed.name;
  if (name.starts_with("pg_catalog.")) name.erase(0, 11);
  if (!default_schema.empty() && name.starts_with(std::string(default_schema) + ".")) name.erase(0, default_schema.size() + 1);
  const std::string suffix = parsed.array ? "[]" : "";
  if (own.count(name) != 0 || parsed.quoted) return name + (parsed.has_modifier ? "(" + parsed.modifier + ")" : "") + suffix;
  if (name.starts_with("interval ")) {
    parsed.field = name.substr(9);
    name = "interval";
  }
  // "timestamp(3) with time zone": the words after the modifier belong to the name.
  if (const auto alias = aliases().find(name); alias != aliases().end()) {
    if (name == "float" && parsed.has_modifier && !parsed.modifier.empty()) {
      name = parsed.modifier.find(',') == std::string::npos && std::atoi(parsed.modifier.c_str()) <= 24 ? "real" : "double precision";
      parsed.has_modifier = false;
    } else {
      if (name == "double") parsed.has_modifier = false;
      name = alias->second;
    }
  }
  return name + (parsed.field.empty() ? "" : " " + parsed.field) + canonical_modifier(name, parsed) + suffix;
}

std::string type_sql(std::string_view type) {
  if (is_builtin(type)) return std::string(type);
  const std::string suffix = is_array(type) ? "[]" : "";
  auto name = element_type(type);
  std::string modifier;
  if (const auto open = name.find('('); open != std::string::npos && name.ends_with(")")) {
    modifier = name.substr(open);
    name.erase(open);
  }
  const auto dot = name.find('.');
  const auto quoted = dot == std::string::npos ? quote_name(name) : quote_name(name.substr(0, dot)) + "." + quote_name(name.substr(dot + 1));
  return quoted + modifier + suffix;
}

std::set<std::string> own_types(const Schema& schema) {
  std::set<std::string> names;
  for (const auto& type : schema.enums) names.insert(type.name.text());
  for (const auto& domain : schema.domains) names.insert(domain.name.text());
  for (const auto& definition : schema.definitions) {
    if (definition.kind == "type") names.insert(definition.name.text());
  }
  return names;
}

bool is_integer_type(std::string_view type) { return type == "smallint" || type == "integer" || type == "bigint"; }

bool is_number_type(std::string_view type) {
  const auto base = base_type(type);
  return !is_array(type) && (is_integer_type(base) || base == "numeric" || base == "real" || base == "double precision");
}

bool is_text_type(std::string_view type) {
  const auto base = base_type(type);
  return !is_array(type) && (base == "text" || base == "varchar" || base == "char" || base == "bpchar" || base == "name");
}

bool converts_by_itself(std::string_view from, std::string_view to) {
  const auto source = base_type(from);
  const auto target = base_type(to);
  if (is_array(from) != is_array(to)) return !is_array(to) && is_text_type(to);
  if (source == target) return true;
  if (!is_array(to) && is_text_type(to)) return true;  // every type has an assignment cast to the string types
  if (is_text_type(source) && is_text_type(target)) return true;
  if (is_number_type(source) && is_number_type(target)) return true;
  const auto both = [&](std::initializer_list<std::string_view> group) {
    return std::find(group.begin(), group.end(), source) != group.end() && std::find(group.begin(), group.end(), target) != group.end();
  };
  if (both({"timestamp", "timestamptz", "date"}) && !(source == "date" && target == "date")) return true;
  if (both({"json", "jsonb"}) || both({"bit", "varbit"}) || both({"inet", "cidr"}) || both({"macaddr", "macaddr8"})) return true;
  if (both({"time", "timetz"}) || (source == "interval" && target == "time") || (source == "time" && target == "interval")) return true;
  return source.starts_with("timestamp") && target == "time";
}

std::string serial_integer(std::string_view type) {
  if (type == "serial") return "integer";
  if (type == "bigserial") return "bigint";
  if (type == "smallserial") return "smallint";
  return "";
}

std::string serial_type(std::string_view integer_type) {
  if (integer_type == "bigint") return "bigserial";
  if (integer_type == "smallint") return "smallserial";
  return "serial";
}

}  // namespace migrate::postgresql
