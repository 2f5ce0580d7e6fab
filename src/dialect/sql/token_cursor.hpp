/// The tokens of one text and a place among them, for readers of what a server itself has written.
#pragma once

#include <string_view>
#include <vector>

#include "dialect/sql/lexer.hpp"

namespace migrate {

class TokenCursor {
 public:
  TokenCursor(std::string_view sql, const LexicalRules& rules) : sql_(sql), tokens_(tokenize(sql, rules)) {}
  virtual ~TokenCursor() = default;

  /// Null behind the last one.
  [[nodiscard]] const Token* peek(std::size_t ahead = 0) const { return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr; }
  [[nodiscard]] bool is(std::string_view word, std::size_t ahead = 0) const { return peek(ahead) != nullptr && peek(ahead)->is(word); }
  [[nodiscard]] bool is_symbol(std::string_view text) const { return peek() != nullptr && peek()->is_symbol(text); }
  bool accept(std::string_view word) {
    if (!is(word)) return false;
    ++at_;
    return true;
  }
  bool accept_symbol(std::string_view text) {
    if (!is_symbol(text)) return false;
    ++at_;
    return true;
  }
  void expect(std::string_view word) {
    if (!accept(word)) fail(word);
  }
  void expect_symbol(std::string_view text) {
    if (!accept_symbol(text)) fail(text);
  }
  const Token& take() {
    if (peek() == nullptr) fail("more");
    return tokens_[at_++];
  }

  /// Says what cannot be read, and where.
  [[noreturn]] virtual void fail(std::string_view expected) const = 0;

 protected:
  std::string_view sql_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace migrate
