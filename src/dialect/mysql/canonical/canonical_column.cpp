#include "dialect/mysql/canonical/canonical_column.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/mysql/canonical/create_table.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "dialect/mysql/sql/types.hpp"

namespace migrate::mysql {
namespace {

/// now() in a datetime(6) must say its precision.
std::string with_precision(std::string text, const Type& type) {
  if (text != "current_timestamp()" || (type.base != "datetime" && type.base != "timestamp")) return text;
  return type.arguments.empty() ? text : "current_timestamp(" + type.arguments[0] + ")";
}

/// An expression that is only a literal is one; nothing for NULL.
std::optional<Default> literal_of(const std::string& text, const Type& type) {
  const auto tokens = tokenize(text, lexical_rules());
  const bool negative = tokens.size() == 2 && tokens[0].is_symbol("-") && tokens[1].kind == TokenKind::number;
  if (negative) return Default{false, canonical_literal(type, "-" + std::string(tokens[1].text))};
  if (tokens.size() != 1) return std::nullopt;
  const auto& token = tokens[0];
  if (token.kind == TokenKind::number && (is_numeric(type) || type.base == "bit" || type.base == "year")) {
    return Default{false, canonical_literal(type, std::string(token.text))};
  }
  if (token.kind == TokenKind::string && token.text.front() == '\'') return Default{false, canonical_literal(type, literal_value(token.text))};
  if (token.kind == TokenKind::string && type.base == "bit") return Default{false, canonical_literal(type, std::string(token.text))};
  if ((token.is("TRUE") || token.is("FALSE")) && (is_numeric(type) || type.base == "bit")) return Default{false, token.is("TRUE") ? canonical_literal(type, "1") : canonical_literal(type, "0")};
  return std::nullopt;
}

void canonicalize_default(Column& column, const Type& type, const Context& context, const std::vector<std::string>& names) {
  if (!column.default_value) return;
  auto& value = *column.default_value;
  if (!value.expression) {
    const auto word = lower(trim(value.text));
    if (is_temporal(type) && (word == "current_timestamp" || word == "now()" || word == "current_timestamp()")) value.expression = true;
    else {
      value.text = canonical_literal(type, value.text);
      return;
    }
  }
  auto text = normal_default(value.text, context, names);
  if (lower(text) == "null") {
    column.default_value.reset();
    return;
  }
  if (const auto literal = literal_of(text, type)) {
    value = *literal;
    return;
  }
  if (text == "gen_random_uuid()" || text == "uuid_generate_v4()" || text == "newid()") text = "uuid()";
  value.text = with_precision(text, type);
}

void canonicalize_options(Column& column, Type& type, const Context& context, const std::vector<std::string>& names) {
  auto& options = column.options;
  if (is_on(options, "unsigned")) type.is_unsigned = true;
  options.erase("unsigned");
  if (options.contains("on_update")) {
    options["on_update"] = with_precision(normal_default(options["on_update"], context), type);
    if (options["on_update"].empty()) options.erase("on_update");
  }
  if (options.contains("column_check")) options["column_check"] = bare_expression(options["column_check"], context, names);
  for (const auto* flag : {"invisible", "without_system_versioning"}) {
    if (!options.contains(flag)) continue;
    if (is_on(options, flag)) options[flag] = "true";
    else options.erase(flag);
  }
  if (options.contains("compressed")) {
    const auto value = lower(options["compressed"]);
    if (value == "false" || value == "no" || value == "0") options.erase("compressed");
    else options["compressed"] = value == "zlib" || value == "yes" || value == "1" ? "true" : value;
  }
}

}  // namespace

void canonicalize_column(Column& column, const Context& context, const std::vector<std::string>& names, const std::string& collation) {
  auto type = read_type(column.type, context, column.declared.location);
  canonicalize_options(column, type, context, names);
  if (auto odd = odd_width(column.type, type); !odd.empty()) column.declared.spelling["type_sql"] = std::move(odd);
  column.type = type.text();
  if (type.serial && !column.identity) column.identity = Identity{};
  if (column.identity) {
    column.identity = Identity{.kind = Identity::Kind::by_default};
    column.nullable = false;
    column.default_value.reset();
  }
  canonicalize_default(column, type, context, names);
  if (column.generated) {
    column.generated->expression = bare_expression(column.generated->expression, context, names);
    column.default_value.reset();
    if (context.mariadb) column.nullable = true;  // MariaDB takes no NOT NULL on a generated column
  }
  auto charset = option(column.options, "charset");
  auto wanted = column.collation;
  if (charset.empty()) charset = type.charset;
  if (wanted.empty()) wanted = type.collation;
  const bool own = has_charset(type);
  set_column_collation(column, own ? resolve_collation(context, charset, wanted, collation) : std::string(), collation);
}

bool has_zero_dates(const Table& table) {
  return std::any_of(table.columns.begin(), table.columns.end(), [](const Column& column) {
    if (!column.default_value || column.default_value->expression) return false;
    const bool dated = column.type.starts_with("date") || column.type.starts_with("timestamp");
    const auto day = std::string_view(column.default_value->text).substr(0, 10);
    return dated && (day.starts_with("0000-") || day.find("-00") != std::string_view::npos);
  });
}

}  // namespace migrate::mysql
