#include "dialect/mysql/sql/expression.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

/// Keywords that an operand follows: a '-' behind one is a sign, and a '(' keeps its distance.
bool is_operator_word(std::string_view word) {
  static const std::set<std::string, std::less<>> words = {
      "and", "or", "not", "xor", "in", "is", "like", "rlike", "regexp", "between", "div", "when", "then", "else", "case", "select", "where", "on",
      "having", "by", "as", "from", "join", "union", "all", "except", "intersect", "over", "using", "exists", "distinct", "limit", "offset",
      "interval", "values", "return", "any", "some", "straight_join", "with", "recursive", "into", "set", "escape", "partition", "less", "than", "range", "list",
      "hash", "key", "columns"};
  return words.contains(word);
}

/// Keywords that are not reserved, which the server prints in lower case.
bool is_keyword(std::string_view word) {
  static const std::set<std::string, std::less<>> words = {
      "end", "any", "some", "escape", "offset", "microsecond", "second", "minute", "hour", "day", "week", "month", "quarter", "year", "date", "time",
      "timestamp", "datetime", "signed", "json", "rollup", "unknown", "less", "than", "subpartition", "subpartitions", "partitions", "columns", "hash",
      "list", "engine", "comment", "system_time", "history", "current", "algorithm", "starts", "no", "against", "boolean", "mode", "language", "query", "expansion"};
  return words.contains(word);
}

/// Functions under the name that the server prints.
const std::map<std::string, std::string, std::less<>>& function_names(bool mariadb) {
  static const std::map<std::string, std::string, std::less<>> maria = {
      {"lower", "lcase"}, {"upper", "ucase"}, {"now", "current_timestamp"}, {"localtime", "current_timestamp"}, {"localtimestamp", "current_timestamp"},
      {"current_date", "curdate"}, {"current_time", "curtime"}, {"character_length", "char_length"}, {"power", "pow"}, {"substring", "substr"},
      {"mid", "substr"}, {"ceiling", "ceiling"}, {"octet_length", "octet_length"}, {"day", "dayofmonth"}, {"std", "std"}, {"length", "octet_length"}};
  static const std::map<std::string, std::string, std::less<>> mysql = {
      {"lcase", "lower"}, {"ucase", "upper"}, {"current_timestamp", "now"}, {"localtime", "now"}, {"localtimestamp", "now"}, {"current_date", "curdate"},
      {"current_time", "curtime"}, {"character_length", "char_length"}, {"power", "pow"}, {"substring", "substr"}, {"mid", "substr"}, {"ceil", "ceiling"}};
  return mariadb ? maria : mysql;
}

class Normalizer {
 public:
  Normalizer(std::string_view sql, const Context& context, const std::vector<std::string>& columns)
      : context_(context), columns_(columns), tokens_(tokenize(sql, lexical_rules())) {}

  std::string run() {
    for (at_ = 0; at_ < tokens_.size(); ++at_) {
      if (skip_database()) continue;
      add(spelling());
    }
    return std::move(text_);
  }

 private:
  [[nodiscard]] const Token* peek(std::size_t ahead) const { return at_ + ahead < tokens_.size() ? &tokens_[at_ + ahead] : nullptr; }
  [[nodiscard]] bool next_is(std::string_view symbol) const { return peek(1) != nullptr && peek(1)->is_symbol(symbol); }
  [[nodiscard]] bool behind_dot() const { return at_ > 0 && tokens_[at_ - 1].is_symbol("."); }

  bool skip_database() {
    const auto& token = tokens_[at_];
    if (context_.database.empty() || behind_dot() || !next_is(".")) return false;
    if (token.kind != TokenKind::quoted_name && token.kind != TokenKind::word) return false;
    // "a.b" alone may be table.column of a table that is named like the database; the server quotes all it prints.
    const bool whole = token.kind == TokenKind::quoted_name || (at_ + 3 < tokens_.size() && tokens_[at_ + 3].is_symbol("."));
    if (!whole || unquote_name(token.text) != context_.database) return false;
    const bool table_of_that_name = std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& other) {
      return &other > tokens_.data() && (&other)[-1].is_symbol(".") && unquote_name(other.text) == context_.database;
    });
    if (table_of_that_name && !(at_ + 3 < tokens_.size() && tokens_[at_ + 3].is_symbol("."))) return false;
    ++at_;
    return true;
  }

  std::string column_case(std::string_view name) const {
    for (const auto& column : columns_) {
      if (equal_ignoring_case(column, name)) return column;
    }
    return std::string(name);
  }

  std::string spelling() {
    const auto& token = tokens_[at_];
    kind_ = Kind::operand;
    switch (token.kind) {
      case TokenKind::quoted_name: return quote_name(column_case(unquote_name(token.text)));
      case TokenKind::word: return word(token);
      case TokenKind::string: return string(token);
      case TokenKind::symbol: return symbol(token);
      default: return std::string(token.text);
    }
  }

  std::string string(const Token& token) const {
    if (token.text.front() != '\'' && token.text.front() != '"') return std::string(token.text);
    return quote_text(literal_value(token.text));
  }

  std::string symbol(const Token& token) {
    kind_ = Kind::symbol;
    if (token.is_symbol("!=")) return "<>";
    if (token.is_symbol("&&")) return kind_ = Kind::keyword, "and";
    if (token.is_symbol("||") && !context_.pipes_concat) return kind_ = Kind::keyword, "or";
    return std::string(token.text);
  }

  std::string word(const Token& token) {
    const auto small = lower(token.text);
    if (behind_dot() || next_is(".")) return quote_name(column_case(token.text));
    // MySQL prints _utf8mb4'x' where a plain 'x' was written.
    if (!context_.mariadb && small.starts_with("_utf8") && peek(1) != nullptr && peek(1)->kind == TokenKind::string) {
      if (!context_.written_charsets) return kind_ = Kind::nothing, "";
      return kind_ = Kind::keyword, small == "_utf8" ? "_utf8mb3" : small;
    }
    const bool call = next_is("(");
    if (is_operator_word(small) && !(call && (small == "values" || small == "interval"))) return kind_ = Kind::keyword, small;
    const bool mixed = token.text != small && token.text != upper(token.text);
    if (is_reserved(small) || (is_keyword(small) && !mixed) || call) return function(small, call);
    const auto name = column_case(token.text);
    return name == token.text ? std::string(token.text) : quote_name(name);
  }

  std::string function(const std::string& small, bool call) {
    static const std::set<std::string, std::less<>> without_parentheses = {"current_timestamp", "localtime", "localtimestamp", "current_date",
                                                                           "current_time", "current_user", "utc_date", "utc_time", "utc_timestamp"};
    const auto& names = function_names(context_.mariadb);
    const auto found = names.find(small);
    const bool bare = !call && without_parentheses.contains(small);
    if (!call && !bare) {
      for (const auto& column : columns_) {
        if (column == small && !is_reserved(small)) return quote_name(column);
      }
      return small;
    }
    return (found == names.end() ? small : found->second) + (bare ? "()" : "");
  }

  void add(const std::string& piece) {
    if (kind_ == Kind::nothing) return;
    const bool glue_left = piece == ")" || piece == "," || piece == "." || piece == ";" || text_.empty();
    const bool open = piece == "(";
    const bool sign = (piece == "-" || piece == "+" || piece == "~" || piece == "!") && (previous_ != Kind::operand || last_ == "," || last_ == "(");
    bool blank = !glue_left && last_ != "(" && last_ != "." && !sign_;
    if (open && previous_ == Kind::operand && last_ != ")") blank = false;
    if (blank) text_ += ' ';
    text_ += piece;
    sign_ = sign;
    last_ = piece;
    previous_ = piece == ")" ? Kind::operand : kind_;
  }

  enum class Kind { nothing, operand, keyword, symbol };

  const Context& context_;
  const std::vector<std::string>& columns_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::string text_;
  std::string last_;
  Kind kind_ = Kind::nothing;
  Kind previous_ = Kind::nothing;
  bool sign_ = false;
};

/// Whether the '(' in front closes with the ')' at the end.
bool enclosed(std::string_view sql) {
  const auto tokens = tokenize(sql, lexical_rules());
  if (tokens.size() < 2 || !tokens.front().is_symbol("(")) return false;
  int depth = 0;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    if (tokens[i].is_symbol("(")) ++depth;
    if (tokens[i].is_symbol(")") && --depth == 0) return i + 1 == tokens.size();
  }
  return false;
}

/// MySQL prints -(100) for a number that was read as one negated, and -100 once it has read that.
std::string plain_negatives(std::string text) {
  if (text.find("-(") == std::string::npos) return text;
  const auto tokens = tokenize(text, lexical_rules());
  std::vector<std::size_t> gone;
  for (std::size_t i = 0; i + 3 < tokens.size(); ++i) {
    const bool glued = tokens[i].is_symbol("-") && tokens[i + 1].is_symbol("(") && tokens[i + 1].offset == tokens[i].offset + 1;
    if (!glued || tokens[i + 2].kind != TokenKind::number || !tokens[i + 3].is_symbol(")")) continue;
    gone.push_back(tokens[i + 1].offset);
    gone.push_back(tokens[i + 3].offset);
  }
  for (auto offset = gone.rbegin(); offset != gone.rend(); ++offset) text.erase(*offset, 1);
  return text;
}

/// MySQL prints (a and (b and c)) where NOT stood over an OR, and (a and b and c) once it has read that.
class Flattener {
 public:
  explicit Flattener(std::string text) : text_(std::move(text)) {}

  std::string run() {
    while (round()) {
    }
    return std::move(text_);
  }

 private:
  /// What one pair of parentheses holds at its own level.
  struct Group {
    std::size_t open = 0;            ///< index of its token; of the whole text, none
    std::size_t close = 0;
    std::size_t parent = 0;
    std::string connective;          ///< "and", "or", or "" for none
    bool other = false;              ///< something that makes AND or OR another thing (BETWEEN), or both of them
  };

  bool round() {
    tokens_ = tokenize(text_, lexical_rules());
    groups_ = {Group{}};
    read_groups();
    std::vector<std::size_t> gone;
    for (std::size_t i = 1; i < groups_.size(); ++i) {
      const auto& group = groups_[i];
      const auto& parent = groups_[group.parent];
      if (group.close == 0 || group.connective.empty() || group.connective != parent.connective || group.other || parent.other) continue;
      if (!ends_operand(group.open, -1, group.connective) || !ends_operand(group.close, 1, group.connective)) continue;
      gone.push_back(tokens_[group.open].offset);
      gone.push_back(tokens_[group.close].offset);
    }
    std::sort(gone.rbegin(), gone.rend());
    for (const auto offset : gone) text_.erase(offset, 1);
    return !gone.empty();
  }

  void read_groups() {
    std::size_t at = 0;
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      const auto& token = tokens_[i];
      if (token.is_symbol("(")) {
        groups_.push_back({.open = i, .close = 0, .parent = at, .connective = {}, .other = false});
        at = groups_.size() - 1;
      } else if (token.is_symbol(")")) {
        groups_[at].close = i;
        at = groups_[at].parent;
      } else if (token.is("AND") || token.is("OR")) {
        auto& group = groups_[at];
        group.other = group.other || (!group.connective.empty() && group.connective != lower(token.text));
        group.connective = lower(token.text);
      } else if (token.is_symbol(",") || token.is("BETWEEN") || token.is("XOR") || token.is("CASE") || token.is("SELECT") || token.is("WHERE") || token.is("ON") || token.is("HAVING")) {
        groups_[at].other = true;
      }
    }
  }

  /// Whether beside the token nothing but the connective stands, or the end of what is around.
  [[nodiscard]] bool ends_operand(std::size_t token, int step, const std::string& connective) const {
    const auto beside = static_cast<std::ptrdiff_t>(token) + step;
    if (beside < 0 || beside >= static_cast<std::ptrdiff_t>(tokens_.size())) return true;
    const auto& other = tokens_[static_cast<std::size_t>(beside)];
    return other.is(upper(connective)) || other.is_symbol(step < 0 ? "(" : ")");
  }

  std::string text_;
  std::vector<Token> tokens_;
  std::vector<Group> groups_;
};

}  // namespace

std::string normal_expression(std::string_view sql, const Context& context, const std::vector<std::string>& columns) {
  auto text = Normalizer(sql, context, columns).run();
  if (!context.mariadb) text = plain_negatives(std::move(text));
  const bool nested = !context.mariadb && (text.find(" and (") != std::string::npos || text.find(" or (") != std::string::npos || text.find(") and ") != std::string::npos || text.find(") or ") != std::string::npos);
  return nested ? Flattener(std::move(text)).run() : text;
}

std::string bare_expression(std::string_view sql, const Context& context, const std::vector<std::string>& columns) {
  auto text = normal_expression(sql, context, columns);
  while (enclosed(text)) text = std::string(trim(std::string_view(text).substr(1, text.size() - 2)));
  return text;
}

std::vector<std::string> names_of_columns(const Table& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace migrate::mysql
