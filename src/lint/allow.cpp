#include "lint/allow.hpp"

#include "core/text.hpp"
#include "lint/lint.hpp"

namespace migrate::lint {
namespace {

/// What stands behind "lint:" of a comment's content, or nothing.
std::optional<std::string_view> directive_of(std::string_view content) {
  content = trim(content);
  if (!content.starts_with("lint:")) return std::nullopt;
  return trim(content.substr(5));
}

Allowance read(std::string_view text) {
  Allowance allowance;
  auto rest = trim(text);
  if (!starts_with_ignoring_case(rest, "allow")) {
    allowance.problem = "'lint: " + std::string(rest) + "' is not known: write `-- lint: allow ID because REASON`";
    return allowance;
  }
  rest = trim(rest.substr(5));
  const auto low = lower(rest);
  auto because = low.find("because");
  const auto list = rest.substr(0, std::min(because, rest.size()));
  for (const auto& part : split(replace_all(std::string(list), " ", ","), ',')) {
    if (!part.empty()) allowance.ids.push_back(upper(part));
  }
  if (because != std::string::npos) allowance.reason = trim(rest.substr(because + 7));
  if (allowance.ids.empty()) allowance.problem = "it names no rule: write `-- lint: allow ID because REASON`";
  for (const auto& id : allowance.ids) {
    if (find_rule(id) == nullptr) allowance.problem = "there is no rule " + id + ": `migrate lint --rules` lists them";
  }
  if (allowance.problem.empty() && allowance.reason.empty()) allowance.problem = "a reason is required: write `-- lint: allow " + join(allowance.ids, ", ") + " because REASON`";
  return allowance;
}

}  // namespace

std::vector<Allowance> find_allowances(std::string_view sql, const LexicalRules& rules) {
  std::vector<Allowance> found;
  if (sql.find("lint:") == std::string_view::npos) return found;
  Lexer lexer(sql, rules, {}, true);
  for (Token token{}; lexer.next(token);) {
    if (token.kind != TokenKind::comment) continue;
    auto content = token.text;
    if (content.starts_with("/*")) content = content.substr(2, content.size() >= 4 ? content.size() - 4 : 0);
    else content.remove_prefix(content.starts_with("#") ? 1 : 2);
    const auto directive = directive_of(content);
    if (!directive) continue;
    auto allowance = read(*directive);
    allowance.offset = token.offset;
    allowance.line = token.line;
    found.push_back(std::move(allowance));
  }
  return found;
}

std::vector<Allowance> header_allowances(std::string_view text) {
  std::vector<Allowance> found;
  int number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = std::min(text.find('\n'), text.size());
    auto line = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.starts_with("-- migrate:")) break;
    if (line.empty()) continue;
    if (!line.starts_with("--") && !line.starts_with("//") && !line.starts_with("\xef\xbb\xbf")) break;
    const auto directive = directive_of(line.substr(2));
    if (!directive) continue;
    auto allowance = read(*directive);
    allowance.line = number;
    found.push_back(std::move(allowance));
  }
  return found;
}

}  // namespace migrate::lint
