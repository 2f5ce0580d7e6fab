#include "dialect/mysql/canonical/unasked.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "core/text.hpp"
#include "dialect/mysql/sql/expression.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

/// A piece of a text in one form. What one side may leave out is compared only where both have it.
struct Piece {
  enum class Kind { fixed, qualifier, alias };
  Kind kind = Kind::fixed;
  std::string text;
};
using Pieces = std::vector<Piece>;

/// An operand: for a chain of AND (of OR, +, *) its parts, so that a AND (b AND c) is a AND b AND c.
struct Node {
  std::string chain;
  std::vector<Pieces> parts;
};

const std::set<std::string, std::less<>> clause_words = {"select", "distinct", "from",  "where", "group", "by",   "having", "order", "asc",   "desc",  "limit", "offset",
                                                         "join",   "left",     "right", "inner", "outer", "cross", "on",    "using", "union", "all",   "as",    "straight_join"};

/// How tightly an operator binds (manual, "Operator Precedence"); 0: it is none.
int binding(const Token& token) {
  static const std::map<std::string, int, std::less<>> words = {{"or", 1}, {"xor", 2}, {"and", 3}, {"is", 5}, {"like", 5}, {"regexp", 5}, {"rlike", 5}, {"in", 5}, {"between", 5}, {"div", 10}, {"mod", 10}};
  static const std::map<std::string, int, std::less<>> symbols = {{"=", 5},  {"<=>", 5}, {"<", 5},  {">", 5},  {"<=", 5},  {">=", 5}, {"<>", 5}, {"|", 6},   {"&", 7},
                                                                  {"<<", 8}, {">>", 8},  {"+", 9}, {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10}, {"^", 11}, {"->", 13}, {"->>", 13}};
  const auto& known = token.kind == TokenKind::symbol ? symbols : words;
  const auto it = known.find(lower(token.text));
  return it == known.end() || (token.kind != TokenKind::symbol && token.kind != TokenKind::word) ? 0 : it->second;
}

bool associative(const std::string& word) { return word == "and" || word == "or" || word == "xor" || word == "+" || word == "*"; }

/// Thrown where the text has what this reader does not know.
struct Unknown {};

class TextReader {
 public:
  TextReader(std::string text, bool query) : text_(std::move(text)), query_(query), tokens_(tokenize(text_, lexical_rules())) {}

  /// The text in one form, or nothing where it cannot be read.
  std::optional<Pieces> read() {
    try {
      auto pieces = query_ ? query(false) : done(expression(1));
      if (at_ != tokens_.size()) return std::nullopt;
      return pieces;
    } catch (const Unknown&) {
      return std::nullopt;
    }
  }

 private:
  [[nodiscard]] bool more() const { return at_ < tokens_.size(); }
  [[nodiscard]] const Token& here() const {
    if (!more()) throw Unknown{};
    return tokens_[at_];
  }
  [[nodiscard]] bool is(std::string_view word) const { return more() && tokens_[at_].kind == TokenKind::word && lower(tokens_[at_].text) == word; }
  [[nodiscard]] bool symbol(std::string_view text) const { return more() && tokens_[at_].is_symbol(text); }
  [[nodiscard]] bool clause() const { return more() && tokens_[at_].kind == TokenKind::word && clause_words.contains(lower(tokens_[at_].text)); }
  void expect(std::string_view text) {
    if (!symbol(text)) throw Unknown{};
    ++at_;
  }
  std::string take() { return lower(std::string(tokens_[at_++].text)); }
  static void append(Pieces& into, const Pieces& more) { into.insert(into.end(), more.begin(), more.end()); }
  static void fixed(Pieces& into, std::string text) { into.push_back({Piece::Kind::fixed, std::move(text)}); }

  /// One operand as pieces: a chain stands in parentheses.
  static Pieces done(const Node& node) {
    if (node.parts.size() == 1) return node.parts[0];
    Pieces pieces;
    fixed(pieces, "(");
    for (std::size_t i = 0; i < node.parts.size(); ++i) {
      if (i > 0) fixed(pieces, node.chain);
      append(pieces, node.parts[i]);
    }
    fixed(pieces, ")");
    return pieces;
  }
  static Node one(Pieces pieces) { return {"", {std::move(pieces)}}; }

  // NOLINTNEXTLINE(misc-no-recursion)
  Node expression(int least) {
    auto left = is("not") && least <= 4 ? negation() : operand();
    while (more() && !clause()) {
      const bool denied = is("not");
      if (denied && at_ + 1 >= tokens_.size()) throw Unknown{};
      const int strength = binding(tokens_[at_ + (denied ? 1 : 0)]);
      if (strength == 0 || strength < least) break;
      if (denied) ++at_;
      left = operation(std::move(left), strength, denied);
    }
    return left;
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Node negation() {
    ++at_;
    Pieces pieces;
    fixed(pieces, "not");
    append(pieces, done(expression(5)));
    return one(std::move(pieces));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Node operation(Node left, int strength, bool denied) {
    const auto word = take();
    if (associative(word) && !denied) {
      Node chain{word, {}};
      for (auto&& side : {std::move(left), expression(strength + 1)}) {
        if (side.chain == word) chain.parts.insert(chain.parts.end(), side.parts.begin(), side.parts.end());
        else chain.parts.push_back(done(side));
      }
      return chain;
    }
    Pieces pieces;
    fixed(pieces, "(");
    append(pieces, done(left));
    fixed(pieces, (denied ? "not " : "") + word);
    if (word == "is") {
      while (is("not") || is("null") || is("true") || is("false") || is("unknown")) fixed(pieces, take());
    } else if (word == "between") {
      append(pieces, done(expression(6)));
      if (!is("and")) throw Unknown{};
      ++at_;
      append(pieces, done(expression(6)));
    } else {
      append(pieces, done(expression(strength + 1)));
    }
    fixed(pieces, ")");
    return one(std::move(pieces));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Node operand() {
    Pieces pieces;
    if (symbol("-") || symbol("+") || symbol("~") || symbol("!")) {
      fixed(pieces, take());
      append(pieces, done(operand()));
      return one(std::move(pieces));
    }
    if (symbol("(")) return parenthesized();
    if (is("case")) return one(choice());
    if (is("exists") || is("interval") || is("binary")) throw Unknown{};
    const auto& token = here();
    if (token.kind != TokenKind::word && token.kind != TokenKind::quoted_name) {
      fixed(pieces, std::string(token.text));
      ++at_;
      return one(std::move(pieces));
    }
    return one(name());
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Node parenthesized() {
    ++at_;
    if (is("select")) {
      Pieces pieces;
      fixed(pieces, "(");
      append(pieces, query(true));
      expect(")");
      fixed(pieces, ")");
      return one(std::move(pieces));
    }
    auto first = expression(1);
    if (symbol(")")) return ++at_, first;
    Pieces pieces;
    fixed(pieces, "(");
    append(pieces, done(first));
    list_to_end(pieces);
    return one(std::move(pieces));
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  void list_to_end(Pieces& pieces) {
    while (symbol(",")) {
      ++at_;
      fixed(pieces, ",");
      append(pieces, done(expression(1)));
    }
    expect(")");
    fixed(pieces, ")");
  }

  // NOLINTNEXTLINE(misc-no-recursion)
  Pieces choice() {
    Pieces pieces;
    fixed(pieces, take());
    while (!is("end")) {
      if (is("when") || is("then") || is("else")) fixed(pieces, take());
      else append(pieces, done(expression(1)));
    }
    fixed(pieces, take());
    return pieces;
  }

  /// A column with what stands in front of it, or a call.
  // NOLINTNEXTLINE(misc-no-recursion)
  Pieces name() {
    Pieces pieces;
    for (;;) {
      const auto text = symbol("*") ? std::string("*") : unquote_name(here().text);
      ++at_;
      if (symbol(".")) {
        pieces.push_back({Piece::Kind::qualifier, text});
        ++at_;
        continue;
      }
      fixed(pieces, text);
      break;
    }
    if (!symbol("(")) return pieces;
    ++at_;
    fixed(pieces, "call(");
    if (is("distinct")) fixed(pieces, take());
    if (symbol(")")) return ++at_, fixed(pieces, ")"), pieces;
    if (symbol("*")) {
      // count(*) is stored as count(0)
      ++at_;
      fixed(pieces, "0");
    } else {
      append(pieces, done(expression(1)));
    }
    list_to_end(pieces);
    if (is("over")) throw Unknown{};
    return pieces;
  }

  /// SELECT with its clauses, word by word; expressions stand between the words.
  // NOLINTNEXTLINE(misc-no-recursion)
  Pieces query(bool inner) {
    Pieces pieces;
    bool from = false;
    while (more() && !(inner && symbol(")"))) {
      if (is("as")) {
        ++at_;
        const auto alias = unquote_name(here().text);
        ++at_;
        pieces.push_back({from ? Piece::Kind::fixed : Piece::Kind::alias, alias});
      } else if (clause()) {
        const auto word = take();
        if (word == "from") from = true;
        else if (word == "where" || word == "group" || word == "having" || word == "order" || word == "limit" || word == "select" || word == "union") from = false;
        if (word != "asc" && word != "inner" && word != "outer") fixed(pieces, word);
        if (word == "on") append(pieces, done(expression(1)));
      } else if (symbol(",")) {
        ++at_;
        fixed(pieces, ",");
      } else if (from) {
        // Joins stand in parentheses that say nothing.
        if (symbol("(") && !(at_ + 1 < tokens_.size() && tokens_[at_ + 1].is("SELECT"))) ++at_;
        else if (symbol(")")) ++at_;
        else append(pieces, done(operand()));
      } else {
        append(pieces, done(expression(1)));
      }
    }
    return pieces;
  }

  std::string text_;
  bool query_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

/// Names mean the same in any case, literals do not.
bool same_text(const std::string& a, const std::string& b) {
  const bool literal = !a.empty() && (a.front() == '\'' || a.front() == '"');
  return a == b || (!literal && equal_ignoring_case(a, b));
}

bool same(const Pieces& declared, const Pieces& stored) {
  using Kind = Piece::Kind;
  std::size_t a = 0;
  std::size_t b = 0;
  std::string before;  // what an alias stands behind
  while (a < declared.size() || b < stored.size()) {
    const auto* left = a < declared.size() ? &declared[a] : nullptr;
    const auto* right = b < stored.size() ? &stored[b] : nullptr;
    if (left != nullptr && right != nullptr && left->kind == right->kind) {
      if (!same_text(left->text, right->text)) return false;
      before = left->text;
      ++a, ++b;
    } else if (right != nullptr && right->kind != Kind::fixed) {
      // Only the server has it. A name that it gives by itself is the column's, or an expression's text.
      const bool plain_column = before != ")" && right->kind == Kind::alias;
      if (plain_column && !equal_ignoring_case(right->text, before)) return false;
      ++b;
    } else if (left != nullptr && left->kind == Kind::qualifier) {
      ++a;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace

bool stored_as(std::string_view declared, std::string_view stored, const Context& context) {
  const auto left = normal_expression(declared, context);
  const auto right = normal_expression(stored, context);
  if (left == right) return true;
  const bool query = starts_with_ignoring_case(left, "select ");
  const auto one = TextReader(left, query).read();
  const auto other = TextReader(right, query).read();
  return one && other && same(*one, *other);
}

void take_stored_texts(const Schema& live, Schema& declared, const Context& context) {
  const auto take = [&](std::string& text, const std::string& stored) {
    if (text != stored && stored_as(text, stored, context)) text = stored;
  };
  for (auto& table : declared.tables) {
    const auto* there = find_named(live.tables, table.name);
    if (there == nullptr) continue;
    for (auto& column : table.columns) {
      const auto* other = find_named(there->columns, column.name);
      if (other == nullptr) continue;
      if (column.generated && other->generated) take(column.generated->expression, other->generated->expression);
      const bool computed = column.default_value && other->default_value && column.default_value->expression && other->default_value->expression;
      if (computed) take(column.default_value->text, other->default_value->text);
    }
    for (auto& check : table.checks) {
      if (const auto* other = find_named(there->checks, check.name)) take(check.expression, other->expression);
    }
  }
  for (auto& view : declared.views) {
    const auto* other = find_named(live.views, view.name);
    if (other == nullptr || !stored_as(view.definition, other->definition, context)) continue;
    view.definition = other->definition;
    if (view.columns.empty()) view.columns = other->columns;
  }
}

}  // namespace migrate::mysql
