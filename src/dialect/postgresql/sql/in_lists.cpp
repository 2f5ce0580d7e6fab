#include "dialect/postgresql/sql/in_lists.hpp"

#include <optional>
#include <vector>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

using Tokens = std::vector<Token>;

/// Reads on from a place while the tokens are the expected ones; words in lower case.
class Reader {
 public:
  Reader(const Tokens& tokens, std::size_t at) : tokens_(&tokens), at_(at) {}

  template <class... Texts>
  bool accept(const Texts&... texts) {
    return (accept_one(texts) && ...);
  }
  std::optional<std::string_view> string() {
    if (at_ >= tokens_->size() || (*tokens_)[at_].kind != TokenKind::string) return std::nullopt;
    return (*tokens_)[at_++].text;
  }
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  bool accept_one(std::string_view text) {
    if (at_ >= tokens_->size() || lower((*tokens_)[at_].text) != text) return false;
    ++at_;
    return true;
  }
  const Tokens* tokens_;
  std::size_t at_;
};

/// The index of the bracket that closes the one at `open`, or of the last token.
std::size_t closing(const Tokens& tokens, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < tokens.size(); ++i) {
    if (tokens[i].is_symbol("(")) ++depth;
    if (tokens[i].is_symbol(")") && --depth == 0) return i;
  }
  return tokens.size() - 1;
}

struct List {
  std::string text;  ///< " IN ('a', 'b')"
  std::size_t end;   ///< the token behind it
};

/// What follows the `)` of `(x)::text = ANY (...)`.
std::optional<List> read_list(const Tokens& tokens, std::size_t at) {
  Reader reader(tokens, at);
  if (!reader.accept("::", "text")) return std::nullopt;
  std::string text;
  if (Reader any = reader; any.accept("=", "any")) text = " IN (", reader = any;
  else if (Reader all = reader; all.accept("<>", "all")) text = " NOT IN (", reader = all;
  else return std::nullopt;
  if (!reader.accept("(", "(", "array", "[")) return std::nullopt;
  for (bool first = true;; first = false) {
    const auto value = reader.string();
    if (!value || !reader.accept("::", "character", "varying")) return std::nullopt;
    text += (first ? "" : ", ") + std::string(*value);
    if (!reader.accept(",")) break;
  }
  if (!reader.accept("]", ")", "::", "text", "[", "]", ")")) return std::nullopt;
  return List{text + ")", reader.at()};
}

}  // namespace

std::string with_in_lists(std::string_view sql) {
  if (sql.find("::character varying") == std::string_view::npos) return std::string(sql);
  const auto tokens = tokenize(sql, lexical_rules());
  std::string result;
  std::size_t copied = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].is_symbol("(")) continue;
    const auto close = closing(tokens, i);
    const auto list = read_list(tokens, close + 1);
    if (!list) continue;
    const auto inside = tokens[i].offset + 1;
    const auto left = sql.substr(inside, tokens[close].offset - inside);
    const bool name = left.find_first_of(" (:'") == std::string_view::npos;
    result += sql.substr(copied, tokens[i].offset - copied);
    result += (name ? std::string(left) : "(" + with_in_lists(left) + ")") + list->text;
    const auto& last = tokens[list->end - 1];
    copied = last.offset + last.text.size();
    i = list->end - 1;
  }
  return result + std::string(sql.substr(copied));
}

}  // namespace migrate::postgresql
