#include "dialect/postgresql/sql/names.hpp"

#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {

std::vector<std::string> names_in(std::string_view sql) {
  static const std::set<std::string> words{"add", "after", "alter", "always", "before", "cascade", "comment", "concurrently", "create", "cycle",
    "data", "delete", "deferred", "drop", "each", "enable", "disable", "exclude", "exists", "extension", "function", "generated", "if",
    "identity", "include", "index", "inherits", "insert", "instead", "key", "language", "last", "materialized", "no", "nulls", "of", "owner",
    "owned", "policy", "procedure", "rename", "replace", "restrict", "returns", "row", "rows", "schema", "sequence", "set", "start", "statement",
    "stored", "storage", "trigger", "type", "update", "validate", "value", "values", "view", "by", "valid", "first", "options"};
  std::vector<std::string> names;
  std::set<std::string> seen;
  const auto tokens = tokenize(sql, lexical_rules());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].is_name()) continue;
    std::vector<std::string> parts;
    const bool quoted = tokens[i].kind == TokenKind::quoted_name;
    parts.push_back(quoted ? unquote_name(tokens[i].text) : lower(tokens[i].text));
    while (i + 2 < tokens.size() && tokens[i + 1].is_symbol(".") && tokens[i + 2].is_name()) {
      i += 2;
      parts.push_back(tokens[i].kind == TokenKind::quoted_name ? unquote_name(tokens[i].text) : lower(tokens[i].text));
    }
    const bool keyword = parts.size() == 1 && !quoted && (words.count(parts[0]) != 0 || quote_name(parts[0]).starts_with('"'));
    if (keyword) continue;
    std::string name;
    for (const auto& part : parts) name += (name.empty() ? "\"" : ".\"") + replace_all(part, "\"", "\"\"") + "\"";
    if (seen.insert(name).second) names.push_back(name);
  }
  return names;
}

std::string name_array(const std::vector<std::string>& names) {
  std::vector<std::string> quoted;
  for (const auto& name : names) quoted.push_back(quote_text(name));
  return "array[" + join(quoted, ", ") + "]::text[]";
}

}  // namespace migrate::postgresql
