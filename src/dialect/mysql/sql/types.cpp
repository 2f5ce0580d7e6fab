#include "dialect/mysql/sql/types.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// Words that may follow the first one in a type's name.
bool continues_name(const std::string& name, const std::string& word) {
  if (word == "varying" || word == "large") return name == "character" || name == "char" || name == "national character" || name == "binary" || name == "nchar" || name == "national char" || name == "national varchar";
  if (word == "precision") return name == "double";
  if (word == "byte") return name == "char" || name == "character";
  if (name == "national") return word == "char" || word == "varchar" || word == "character";
  if (name == "long") return word == "varchar" || word == "varbinary";
  return false;
}

/// The names of others and their meaning here.
const std::map<std::string, std::string, std::less<>>& aliases() {
  static const std::map<std::string, std::string, std::less<>> table = {
      {"integer", "int"}, {"int4", "int"}, {"int2", "smallint"}, {"int8", "bigint"}, {"int1", "tinyint"}, {"int3", "mediumint"},
      {"middleint", "mediumint"}, {"numeric", "decimal"}, {"dec", "decimal"}, {"fixed", "decimal"}, {"number", "decimal"},
      {"double precision", "double"}, {"float8", "double"}, {"float4", "float"}, {"character", "char"}, {"nchar", "char"},
      {"national char", "char"}, {"national character", "char"}, {"character varying", "varchar"}, {"char varying", "varchar"},
      {"national varchar", "varchar"}, {"national character varying", "varchar"}, {"national char varying", "varchar"},
      {"nvarchar", "varchar"}, {"nchar varying", "varchar"}, {"varcharacter", "varchar"}, {"varchar2", "varchar"}, {"char byte", "binary"},
      {"character byte", "binary"}, {"binary varying", "varbinary"}, {"bytea", "longblob"}, {"jsonb", "json"}, {"long", "mediumtext"},
      {"long varchar", "mediumtext"}, {"long varbinary", "mediumblob"}, {"clob", "longtext"}, {"timestamptz", "timestamp"},
      {"geomcollection", "geometrycollection"}};
  return table;
}

struct Reader {
  std::vector<Token> tokens;
  std::size_t at = 0;

  [[nodiscard]] const Token* peek(std::size_t ahead = 0) const { return at + ahead < tokens.size() ? &tokens[at + ahead] : nullptr; }
  bool accept(std::string_view word) {
    if (peek() == nullptr || !peek()->is(word)) return false;
    ++at;
    return true;
  }
  bool accept_symbol(std::string_view text) {
    if (peek() == nullptr || !peek()->is_symbol(text)) return false;
    ++at;
    return true;
  }
};

std::string read_name(Reader& reader) {
  std::string name;
  while (const auto* token = reader.peek()) {
    if (token->kind != TokenKind::word) break;
    const auto word = lower(token->text);
    if (!name.empty() && !continues_name(name, word)) break;
    name += (name.empty() ? "" : " ") + word;
    ++reader.at;
  }
  return name;
}

void read_arguments(Reader& reader, Type& type, std::string_view text, const Location& location) {
  if (!reader.accept_symbol("(")) return;
  std::string current;
  bool any = false;
  while (const auto* token = reader.peek()) {
    ++reader.at;
    if (token->is_symbol(")")) break;
    if (token->is_symbol(",")) {
      type.arguments.push_back(std::exchange(current, {}));
      continue;
    }
    any = true;
    if (token->is_symbol("-")) throw Error{ErrorKind::usage, fmt::format("a negative number stands in the type '{}'", text), "write a length above zero", location};
    if (token->kind == TokenKind::string && (token->text.front() == '\'' || token->text.front() == '"')) current += literal_value(token->text);
    else current += token->text;
  }
  if (any || !type.arguments.empty()) type.arguments.push_back(current);
}

void read_attributes(Reader& reader, Type& type, std::string_view text, const Location& location) {
  while (const auto* token = reader.peek()) {
    if (reader.accept("UNSIGNED")) type.is_unsigned = true;
    else if (reader.accept("SIGNED")) type.is_unsigned = false;
    else if (reader.accept("ZEROFILL")) type.zerofill = type.is_unsigned = true;
    else if (reader.accept("ASCII")) type.charset = "latin1";
    else if (reader.accept("UNICODE")) type.charset = "ucs2";
    else if (reader.accept("WITH") || reader.accept("WITHOUT")) {  // time zone
      if (!reader.accept("TIME") || !reader.accept("ZONE")) throw Error{ErrorKind::usage, fmt::format("type '{}' is not understood", text), {}, location};
    } else if (reader.accept("CHARSET") || (token->is("CHARACTER") && reader.accept("CHARACTER") && reader.accept("SET")) ||
               (token->is("CHAR") && reader.accept("CHAR") && reader.accept("SET"))) {
      if (reader.peek() != nullptr) type.charset = unquote_name(reader.tokens[reader.at++].text);
    } else if (reader.accept("COLLATE")) {
      if (reader.peek() != nullptr) type.collation = unquote_name(reader.tokens[reader.at++].text);
    } else {
      throw Error{ErrorKind::usage, fmt::format("type '{}' is not understood at '{}'", text, token->text), {}, location};
    }
  }
}


int argument(const Type& type, std::size_t index, int otherwise) {
  if (index >= type.arguments.size()) return otherwise;
  return std::atoi(type.arguments[index].c_str());
}

/// Widths that the server gives an integer with ZEROFILL.
int zerofill_width(const std::string& base) {
  return base == "tinyint" ? 3 : base == "smallint" ? 5 : base == "mediumint" ? 8 : base == "int" ? 10 : 20;
}

void settle_integer(Type& type) {
  const bool boolean = type.base == "tinyint" && argument(type, 0, 0) == 1 && !type.is_unsigned;
  if (type.zerofill) type.arguments = {std::to_string(argument(type, 0, zerofill_width(type.base)))};
  else if (!boolean) type.arguments.clear();
}

/// text(100) is the smallest text that holds so much; a length is a number of characters of up to four bytes.
void settle_sized(Type& type) {
  if (type.arguments.empty()) return;
  const auto wanted = std::strtoull(type.arguments[0].c_str(), nullptr, 10) * (type.base == "text" ? 4 : 1);
  type.base = (wanted < 256 ? "tiny" : wanted < 65536 ? "" : wanted < 16777216 ? "medium" : "long") + type.base;
  type.arguments.clear();
}

void settle_float(Type& type) {
  if (type.base == "float" && type.arguments.size() == 1) {
    if (argument(type, 0, 0) > 24) type.base = "double";
    type.arguments.clear();
  }
}

void settle(Type& type, const Context& context, std::string_view text, const Location& location) {
  if (type.base == "real") type.base = context.real_is_float ? "float" : "double";
  if (type.base == "bool" || type.base == "boolean") {
    type.base = "tinyint";
    type.arguments = {"1"};
  }
  if (type.base == "serial" || type.base == "bigserial" || type.base == "smallserial" || type.base == "serial8" || type.base == "serial4" || type.base == "serial2") {
    type.serial = true;
    type.base = type.base == "serial" || type.base == "serial4" ? "int" : type.base == "smallserial" || type.base == "serial2" ? "smallint" : "bigint";
  }
  if (type.base == "uuid" && !context.has_uuid()) {
    type.base = "char";
    type.arguments = {"36"};
  }
  if (is_integer(type)) settle_integer(type);
  if (type.base == "decimal") type.arguments = {std::to_string(argument(type, 0, 10)), std::to_string(argument(type, 1, 0))};
  if (type.base == "char" || type.base == "binary" || type.base == "bit") {
    const int length = argument(type, 0, 1);
    type.arguments.clear();
    type.arguments.push_back(std::to_string(length));
  }
  if (type.base == "text" || type.base == "blob") settle_sized(type);
  if (type.base == "float" || type.base == "double") settle_float(type);
  if (type.base == "year") type.arguments.clear();
  if (is_temporal(type) && argument(type, 0, 0) == 0) type.arguments.clear();
  if ((type.base == "varchar" || type.base == "varbinary") && type.arguments.empty()) {
    throw Error{ErrorKind::usage, fmt::format("type '{}' needs a length on MySQL and MariaDB", text), "write varchar(255), or text for any length", location};
  }
}

std::string number_text(double value) {
  char buffer[64];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return {buffer, end};
}

/// A decimal number in plain digits with exactly `scale` digits behind the point, rounded half away from zero.
std::optional<std::string> decimal_text(std::string text, int scale) {
  bool negative = false;
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    text.erase(0, 1);
  }
  const auto point = text.find('.');
  auto whole = text.substr(0, point);
  auto fraction = point == std::string::npos ? std::string() : text.substr(point + 1);
  if (whole.empty() && fraction.empty()) return std::nullopt;
  if ((whole + fraction).find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
  const auto keep = static_cast<std::size_t>(scale);
  const bool up = fraction.size() > keep && fraction[keep] >= '5';
  fraction.resize(keep, '0');
  auto digits = whole + fraction;
  if (up) {
    auto i = digits.size();
    while (i > 0 && digits[i - 1] == '9') digits[--i] = '0';
    if (i > 0) ++digits[i - 1];
    else digits.insert(0, "1");
  }
  whole = digits.substr(0, digits.size() - keep);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size()));
  if (whole.empty()) whole = "0";
  const auto behind = digits.substr(digits.size() - keep);
  const bool zero = (whole + behind).find_first_not_of('0') == std::string::npos;
  return (negative && !zero ? "-" : "") + whole + (keep == 0 ? "" : "." + behind);
}

std::string temporal_text(const Type& type, std::string text) {
  const auto parts = [](std::string_view source, char separator, std::size_t count) -> std::optional<std::vector<int>> {
    std::vector<int> numbers;
    for (const auto& part : split(source, separator)) {
      if (part.empty() || part.size() > 4 || part.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
      numbers.push_back(std::atoi(part.c_str()));
    }
    while (numbers.size() < count) numbers.push_back(0);
    return numbers.size() == count ? std::optional(numbers) : std::nullopt;
  };
  if (text.find('T') == 10) text[10] = ' ';
  const auto blank = text.find(' ');
  const bool with_date = type.base != "time";
  auto date = with_date ? text.substr(0, blank) : std::string();
  auto clock = with_date ? (blank == std::string::npos ? std::string("00:00:00") : text.substr(blank + 1)) : text;
  if (with_date) {
    const auto numbers = parts(date, '-', 3);
    if (!numbers || date.find('-') == std::string::npos) return text;
    date = fmt::format("{:04}-{:02}-{:02}", (*numbers)[0], (*numbers)[1], (*numbers)[2]);
    if (type.base == "date") return date;
  }
  const auto dot = clock.find('.');
  auto fraction = dot == std::string::npos ? std::string() : clock.substr(dot + 1);
  const bool negative = clock.starts_with('-');
  const auto numbers = parts(std::string_view(clock).substr(negative ? 1 : 0, dot == std::string::npos ? dot : dot - (negative ? 1 : 0)), ':', 3);
  if (!numbers || clock.find(':') == std::string::npos) return text;
  fraction.resize(static_cast<std::size_t>(argument(type, 0, 0)), '0');
  return (date.empty() ? "" : date + " ") +
         fmt::format("{}{:02}:{:02}:{:02}{}{}", negative ? "-" : "", (*numbers)[0], (*numbers)[1], (*numbers)[2], fraction.empty() ? "" : ".", fraction);
}

std::string set_text(const Type& type, const std::string& text) {
  const auto given = split(text, ',');
  std::vector<std::string> ordered;
  for (const auto& value : type.arguments) {
    if (std::any_of(given.begin(), given.end(), [&](const auto& item) { return equal_ignoring_case(item, value); })) ordered.push_back(value);
  }
  return text.empty() || ordered.empty() ? text : join(ordered, ",");
}

std::string bit_number(const std::string& text) {
  unsigned long long value = 0;
  if (text.starts_with("b'") || text.starts_with("B'")) {
    for (const char c : text.substr(2)) {
      if (c == '0' || c == '1') value = value * 2 + static_cast<unsigned>(c - '0');
    }
    return std::to_string(value);
  }
  if (text == "true") return "1";
  if (text == "false") return "0";
  return text;
}

}  // namespace

bool is_integer(const Type& type) {
  return type.base == "tinyint" || type.base == "smallint" || type.base == "mediumint" || type.base == "int" || type.base == "bigint";
}
bool is_numeric(const Type& type) { return is_integer(type) || type.base == "decimal" || type.base == "float" || type.base == "double"; }
bool is_text_or_blob(const Type& type) { return type.base.ends_with("text") || type.base.ends_with("blob"); }
bool is_binary(const Type& type) { return type.base == "binary" || type.base == "varbinary" || type.base.ends_with("blob"); }
bool is_json(const Type& type) { return type.base == "json"; }
bool is_spatial(const Type& type) {
  static constexpr std::array<std::string_view, 9> kinds = {"geometry", "point", "linestring", "polygon", "multipoint", "multilinestring", "multipolygon", "geometrycollection", "geomcollection"};
  return std::find(kinds.begin(), kinds.end(), type.base) != kinds.end();
}

bool is_temporal(const Type& type) { return type.base == "datetime" || type.base == "timestamp" || type.base == "time" || type.base == "date"; }
std::string odd_width(std::string_view written, const Type& type) {
  if (!type.arguments.empty() || type.zerofill) return {};
  const std::string text = lower(collapse_spaces(std::string(written)));
  const auto open = text.find('(');
  if (open == std::string::npos || text.substr(0, open) != type.base) return {};
  static const std::vector<std::pair<std::string_view, int>> usual = {{"tinyint", 4}, {"smallint", 6}, {"mediumint", 9}, {"int", 11}, {"bigint", 20}};
  for (const auto& [base, width] : usual) {
    if (base != type.base) continue;
    const int normal = type.is_unsigned && base != "bigint" ? width - 1 : width;
    return text.substr(open + 1, text.find(')') - open - 1) == std::to_string(normal) ? std::string() : text;
  }
  return {};
}

bool has_charset(const Type& type) {
  return type.base == "char" || type.base == "varchar" || type.base.ends_with("text") || type.base == "enum" || type.base == "set";
}

std::string Type::text() const {
  std::string result = base;
  if (!arguments.empty()) {
    const bool values = base == "enum" || base == "set";
    result += "(";
    for (std::size_t i = 0; i < arguments.size(); ++i) result += (i > 0 ? "," : "") + (values ? quote_text(arguments[i]) : arguments[i]);
    result += ")";
  }
  if (is_unsigned) result += " unsigned";
  if (zerofill) result += " zerofill";
  return result;
}

Type read_type(std::string_view text, const Context& context, const Location& location) {
  Reader reader{tokenize(text, lexical_rules())};
  Type type;
  const auto written = read_name(reader);
  if (written.empty()) throw Error{ErrorKind::usage, fmt::format("type '{}' is not understood", text), {}, location};
  const auto alias = aliases().find(written);
  type.base = alias == aliases().end() ? written : alias->second;
  read_arguments(reader, type, text, location);
  // character(10) varying, double (..) precision do not exist; "timestamp(6) with time zone" does
  if (type.base == "char" && reader.accept("VARYING")) type.base = "varchar";
  read_attributes(reader, type, text, location);
  if (written == "timestamp" || written == "time") type.is_unsigned = false;
  if (type.arguments.size() == 1 && type.arguments[0] == "max") type.arguments.clear();
  settle(type, context, text, location);
  return type;
}

std::string canonical_literal(const Type& type, const std::string& text) {
  if (type.base == "bit") return bit_number(text);
  if (is_integer(type) || type.base == "decimal" || type.base == "year") {
    if (equal_ignoring_case(text, "true")) return canonical_literal(type, "1");
    if (equal_ignoring_case(text, "false")) return canonical_literal(type, "0");
    if (type.base == "year" && text.size() == 4) return text;
    if (type.base == "year" && (text.size() == 1 || text.size() == 2)) {
      const int year = std::atoi(text.c_str());
      return year == 0 ? "0000" : std::to_string(year < 70 ? 2000 + year : 1900 + year);
    }
    auto number = text;
    if (number.find_first_of("eE") != std::string::npos) {
      char* end = nullptr;
      const double value = std::strtod(number.c_str(), &end);
      if (*end == '\0') number = fmt::format("{:.15f}", value);
    }
    return decimal_text(number, type.base == "decimal" ? argument(type, 1, 0) : 0).value_or(text);
  }
  if (type.base == "float" || type.base == "double") {
    if (type.arguments.size() == 2) return decimal_text(text, argument(type, 1, 0)).value_or(text);
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    if (text.empty() || *end != '\0' || !std::isfinite(value)) return text;
    if (type.base == "float") {
      char buffer[64];
      return {buffer, std::to_chars(buffer, buffer + sizeof buffer, static_cast<float>(value)).ptr};
    }
    return number_text(value);
  }
  if (is_temporal(type)) return temporal_text(type, text);
  if (type.base == "enum") {
    for (const auto& value : type.arguments) {
      if (equal_ignoring_case(value, text)) return value;
    }
  }
  if (type.base == "set") return set_text(type, text);
  if (type.base == "binary") {
    auto padded = text;
    padded.resize(std::max(padded.size(), static_cast<std::size_t>(argument(type, 0, 1))), '\0');
    return padded;
  }
  return text;
}

std::string literal_sql(const Type& type, const std::string& text) {
  if (type.base == "bit" && !text.empty() && text.size() < 20 && text.find_first_not_of("0123456789") == std::string::npos) {
    auto value = std::strtoull(text.c_str(), nullptr, 10);
    std::string bits;
    do bits.insert(0, value % 2 == 1 ? "1" : "0");
    while ((value /= 2) != 0);
    return "b'" + bits + "'";
  }
  const bool digits = !text.empty() && text.find_first_not_of("0123456789.+-eE") == std::string::npos &&
                      text.find_first_of("0123456789") != std::string::npos;
  if ((is_numeric(type) || type.base == "year") && digits) return text;
  return quote_text(text);
}

}  // namespace migrate::mysql
