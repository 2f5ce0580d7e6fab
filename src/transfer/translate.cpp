#include "transfer/translate.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "core/text.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {
namespace {

std::string without_quotes(std::string_view name) {
  const char quote = name.front() == '[' ? ']' : name.front();
  std::string out;
  for (std::size_t i = 1; i + 1 < name.size(); ++i) {
    out += name[i];
    if (name[i] == quote && i + 2 < name.size() && name[i + 1] == quote) ++i;
  }
  return out;
}

/// The value of a plain string literal; false for one of another kind.
bool string_value(std::string_view literal, const LexicalRules& rules, std::string& value) {
  bool escapes = rules.backslash_escapes;
  if (literal.starts_with('E') || literal.starts_with('e')) {
    literal.remove_prefix(1);
    escapes = true;
  }
  if (literal.size() < 2 || (literal.front() != '\'' && literal.front() != '"')) return false;
  const char quote = literal.front();
  for (std::size_t i = 1; i + 1 < literal.size(); ++i) {
    if (literal[i] == quote) ++i;
    else if (literal[i] == '\\' && escapes && i + 2 < literal.size()) {
      const char c = literal[++i];
      value += c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == '0' ? '\0' : c;
      continue;
    }
    value += literal[i];
  }
  return true;
}

class Translator {
 public:
  Translator(std::string_view sql, const Dialect& from, const Dialect& to) : sql_(sql), from_(from), to_(to), tokens_(tokenize(sql, from.sql().lexical_rules())) {}

  std::string run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      const auto& token = tokens_[at_];
      if (token.is_symbol("::")) {
        skip_cast();
        continue;
      }
      if (token.kind == TokenKind::word && token.text.starts_with('_') && at_ + 1 < tokens_.size() && tokens_[at_ + 1].kind == TokenKind::string) {
        hold_space(token);
        continue;
      }
      if (any_of_array()) continue;
      space_before(token);
      out_ += text_of(token);
    }
    return out_;
  }

 private:
  std::string text_of(const Token& token) const {
    if (token.kind == TokenKind::quoted_name) return to_.sql().quote_name(without_quotes(token.text));
    if (token.kind == TokenKind::string) {
      std::string value;
      return string_value(token.text, from_.sql().lexical_rules(), value) ? to_.sql().quote_text(value) : std::string(token.text);
    }
    if (token.is_symbol("~~")) return "LIKE";
    if (token.is_symbol("!~~")) return "NOT LIKE";
    return std::string(token.text);
  }

  void hold_space(const Token& token) { end_ = token.offset + token.text.size(); }

  void space_before(const Token& token) {
    if (!out_.empty() && token.offset > end_) out_ += sql_.substr(end_, token.offset - end_);
    else if (!out_.empty() && token.offset == end_ && dropped_) out_ += "";
    dropped_ = false;
    end_ = token.offset + token.text.size();
  }

  /// "::character varying(20)[]"
  void skip_cast() {
    static constexpr std::array<std::string_view, 9> more{"varying", "precision", "without", "with", "time", "zone", "text", "integer", "bit"};
    ++at_;
    bool first = true;
    while (at_ < tokens_.size()) {
      const auto& token = tokens_[at_];
      const bool word = token.is_name() && (first || std::find(more.begin(), more.end(), lower(token.text)) != more.end());
      if (word) {
        first = false;
      } else if (!first && token.is_symbol(".")) {
        first = true;
      } else if (!first && token.is_symbol("(")) {
        while (at_ < tokens_.size() && !tokens_[at_].is_symbol(")")) ++at_;
      } else if (!first && token.is_symbol("[")) {
        while (at_ < tokens_.size() && !tokens_[at_].is_symbol("]")) ++at_;
      } else {
        break;
      }
      end_ = tokens_[at_].offset + tokens_[at_].text.size();
      ++at_;
    }
    --at_;
    dropped_ = true;
  }

  /// PostgreSQL writes x IN (...) as x = ANY (ARRAY[...]).
  bool any_of_array() {
    const auto is = [&](std::size_t ahead, std::string_view text) {
      return at_ + ahead < tokens_.size() && (tokens_[at_ + ahead].is_symbol(text) || equal_ignoring_case(tokens_[at_ + ahead].text, text));
    };
    if (!is(0, "=") || !is(1, "any") || !is(2, "(")) return false;
    std::size_t open = 3;
    while (is(open, "(")) ++open;
    if (!is(open, "array") || !is(open + 1, "[")) return false;
    space_before(tokens_[at_]);
    out_ += "IN (";
    at_ += open + 2;
    std::size_t depth = 1;
    std::string list;
    for (; at_ < tokens_.size(); ++at_) {
      if (tokens_[at_].is_symbol("[")) ++depth;
      if (tokens_[at_].is_symbol("]") && --depth == 0) break;
      if (tokens_[at_].is_symbol("::")) {
        skip_cast();
        continue;
      }
      list += tokens_[at_].is_symbol(",") ? ", " : text_of(tokens_[at_]);
    }
    out_ += list + ")";
    // What closes the parentheses in front of ARRAY, with the casts between.
    for (std::size_t closing = open - 2; closing > 0 && ++at_ < tokens_.size();) {
      if (tokens_[at_].is_symbol("::")) skip_cast();
      else if (tokens_[at_].is_symbol(")")) --closing;
      else break;
    }
    if (at_ < tokens_.size()) end_ = tokens_[at_].offset + tokens_[at_].text.size();
    return true;
  }

  std::string_view sql_;
  const Dialect& from_;
  const Dialect& to_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  bool dropped_ = false;
  std::string out_;
};

}  // namespace

std::string translate_sql(std::string_view sql, const Dialect& from, const Dialect& to) {
  if (from.name() == to.name()) return std::string(sql);
  return Translator(sql, from, to).run();
}

bool is_plain_arithmetic(std::string_view sql, const Dialect& dialect) {
  const auto tokens = tokenize(sql, dialect.sql().lexical_rules());
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const auto& token = tokens[i];
    if (token.is_name()) {
      if (i + 1 < tokens.size() && tokens[i + 1].is_symbol("(")) return false;
    } else if (token.kind == TokenKind::number) {
      if (token.text.find_first_not_of("0123456789") != std::string_view::npos) return false;
    } else if (!token.is_symbol("+") && !token.is_symbol("-") && !token.is_symbol("*") && !token.is_symbol("(") && !token.is_symbol(")")) {
      return false;
    }
  }
  return true;
}

}  // namespace migrate
