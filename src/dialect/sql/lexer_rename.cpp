#include "core/text.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {

std::string rename_in_sql(std::string_view sql, std::string_view from, std::string_view to, const LexicalRules& rules) {
  std::string out;
  std::size_t done = 0;
  for (const auto& token : tokenize(sql, rules)) {
    const bool quoted = token.kind == TokenKind::quoted_name;
    if (!quoted && token.kind != TokenKind::word) continue;
    if (quoted ? unquote_name(token.text) != from : !equal_ignoring_case(token.text, from)) continue;
    out += sql.substr(done, token.offset - done);
    const char quote = quoted ? token.text.front() : rules.backtick_names ? '`' : '"';
    if (!quoted && is_plain_name(to)) out += to;
    else if (quote == '[') out += "[" + std::string(to) + "]";
    else out += quote + replace_all(std::string(to), std::string(1, quote), std::string(2, quote)) + quote;
    done = token.offset + token.text.size();
  }
  return out + std::string(sql.substr(done));
}

}  // namespace migrate
