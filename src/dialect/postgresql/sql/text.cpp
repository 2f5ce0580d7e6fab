#include "dialect/postgresql/sql/text.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "core/sha256.hpp"
#include "core/text.hpp"

namespace migrate::postgresql {
namespace {

// pg_get_keywords() where catcode <> 'U', of versions 12 to 17: sorted. These need quotes as names.
constexpr auto keywords = std::to_array<std::string_view>({
    "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "between", "bigint",
    "binary", "bit", "boolean", "both", "case", "cast", "char", "character", "check", "coalesce", "collate", "collation",
    "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date", "current_role",
    "current_schema", "current_time", "current_timestamp", "current_user", "dec", "decimal", "default", "deferrable", "desc",
    "distinct", "do", "else", "end", "except", "exists", "extract", "false", "fetch", "float", "for", "foreign", "freeze",
    "from", "full", "grant", "greatest", "group", "grouping", "having", "ilike", "in", "initially", "inner", "inout", "int",
    "integer", "intersect", "interval", "into", "is", "isnull", "join", "lateral", "leading", "least", "left", "like",
    "limit", "localtime", "localtimestamp", "national", "natural", "nchar", "none", "normalize", "not", "notnull", "null",
    "nullif", "numeric", "offset", "on", "only", "or", "order", "out", "outer", "overlaps", "overlay", "placing", "position",
    "precision", "primary", "real", "references", "returning", "right", "row", "select", "session_user", "setof", "similar",
    "smallint", "some", "substring", "symmetric", "system_user", "table", "tablesample", "then", "time", "timestamp", "to",
    "trailing", "treat", "trim", "true", "union", "unique", "user", "using", "values", "varchar", "variadic", "verbose",
    "when", "where", "window", "with", "xmlattributes", "xmlconcat", "xmlelement", "xmlexists", "xmlforest",
    "xmlnamespaces", "xmlparse", "xmlpi", "xmlroot", "xmlserialize", "xmltable",
});

bool is_plain(std::string_view name) {
  if (name.empty() || (name[0] >= '0' && name[0] <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

/// The longest prefix of at most `limit` bytes that does not end inside a UTF-8 character.
std::string_view prefix_of(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xC0U) == 0x80U) --limit;
  return text.substr(0, limit);
}

}  // namespace

const LexicalRules& lexical_rules() {
  static const LexicalRules rules{.nested_comments = true, .dollar_quotes = true, .escape_strings = true};
  return rules;
}

std::string quote_name(std::string_view name) {
  if (is_plain(name) && !std::binary_search(keywords.begin(), keywords.end(), name)) return std::string(name);
  return "\"" + replace_all(std::string(name), "\"", "\"\"") + "\"";
}

std::string quote_name(const QualifiedName& name) {
  return name.schema.empty() ? quote_name(name.name) : quote_name(name.schema) + "." + quote_name(name.name);
}

std::string quote_names(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote_name(name));
  return join(quoted, ", ");
}

std::string quote_text(std::string_view text) {
  std::string quoted = replace_all(std::string(text), "'", "''");
  // With standard_conforming_strings off a backslash would be an escape; E'' means the same under both settings.
  if (quoted.find('\\') != std::string::npos) return "E'" + replace_all(quoted, "\\", "\\\\") + "'";
  return "'" + quoted + "'";
}

std::string dollar_quote(std::string_view text) {
  std::string tag = "$$";
  for (int i = 0; text.find(tag) != std::string_view::npos; ++i) tag = "$q" + std::to_string(i) + "$";
  return tag + std::string(text) + tag;
}

std::string cut_name(std::string_view name) { return std::string(prefix_of(name, longest_name)); }

std::string shorten_name(const std::string& name) {
  if (name.size() <= longest_name) return name;
  return std::string(prefix_of(name, longest_name - 9)) + "_" + sha256(name).substr(0, 8);
}

QualifiedName parse_name(std::string_view text) {
  std::vector<std::string> parts;
  for (const auto& token : tokenize(text, lexical_rules())) {
    if (token.kind == TokenKind::word) parts.push_back(lower(token.text));
    if (token.kind == TokenKind::quoted_name) parts.push_back(unquote_name(token.text));
  }
  if (parts.empty()) return {};
  if (parts.size() == 1) return {"", parts[0]};
  return {parts[parts.size() - 2], parts.back()};
}

bool mentions(std::string_view sql, std::string_view name) { return migrate::mentions(sql, name, lexical_rules()); }

std::string replace_qualifier(std::string_view sql, std::string_view qualifier, std::string_view replacement) {
  // Cheap first: most texts do not hold the word at all.
  if (qualifier.empty() || sql.find(qualifier) == std::string_view::npos) return std::string(sql);
  const auto tokens = tokenize(sql, lexical_rules());
  std::string result;
  std::size_t copied = 0;
  for (std::size_t i = 0; i + 2 < tokens.size(); ++i) {
    const auto& token = tokens[i];
    const bool name = token.kind == TokenKind::word || token.kind == TokenKind::quoted_name;
    if (!name || !tokens[i + 1].is_symbol(".") || (i > 0 && tokens[i - 1].is_symbol("."))) continue;
    const auto text = token.kind == TokenKind::word ? lower(token.text) : unquote_name(token.text);
    if (text != qualifier) continue;
    result += sql.substr(copied, token.offset - copied);
    result += replacement;
    copied = tokens[i + 2].offset;
  }
  result += sql.substr(copied);
  return result;
}

std::string canonical_bound(std::string_view text) {
  std::string out;
  bool minus = false;
  for (const auto& token : tokenize(text, lexical_rules())) {
    std::string word(token.text);
    if (token.is_symbol("-")) {
      minus = true;
      continue;
    }
    if (token.kind == TokenKind::word) {
      word = upper(word);
      for (const auto* small : {"MODULUS", "REMAINDER", "TRUE", "FALSE"}) {
        if (word == small) word = lower(word);
      }
    } else if (token.kind == TokenKind::string && word.size() > 2) {
      const auto body = std::string_view(word).substr(1, word.size() - 2);
      if (body.find_first_not_of("-0123456789.") == std::string_view::npos && body.rfind('-', body.size()) + 1 <= 1) word = std::string(body);
    }
    if (std::exchange(minus, false)) word = "-" + word;
    const bool tight = out.empty() || out.ends_with('(') || word == ")" || word == ",";
    out += (tight ? "" : " ") + word;
  }
  return out;
}

std::string strip_parentheses(std::string_view expression) {
  auto text = trim(expression);
  while (text.size() >= 2 && text.front() == '(' && text.back() == ')') {
    int depth = 0;
    bool around = true;
    for (const auto& token : tokenize(text, lexical_rules())) {
      if (token.is_symbol("(")) ++depth;
      if (token.is_symbol(")")) --depth;
      if (depth == 0 && token.offset + token.text.size() < text.size()) {
        around = false;
        break;
      }
    }
    if (!around) break;
    text = trim(text.substr(1, text.size() - 2));
  }
  return std::string(text);
}

}  // namespace migrate::postgresql
