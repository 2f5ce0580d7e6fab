#include "dialect/sql/references.hpp"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>

#include "core/text.hpp"

namespace migrate {
namespace {

bool one_of(const Token& token, std::initializer_list<std::string_view> words) {
  return token.kind == TokenKind::word && std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is(word); });
}

/// What stands between the quotes of a string literal.
std::string_view body_of(std::string_view text) {
  if (text.starts_with('$')) {
    const auto tag = text.find('$', 1) + 1;
    return text.size() >= 2 * tag ? text.substr(tag, text.size() - 2 * tag) : std::string_view{};
  }
  const auto open = text.find_first_of("'\"");
  return open == std::string_view::npos || text.size() < open + 2 ? std::string_view{} : text.substr(open + 1, text.size() - open - 2);
}

class Reader {
 public:
  Reader(const LexicalRules& rules, std::set<ObjectId>& found) : rules_(rules), found_(found) {}

  void read(std::string_view sql, TextKind text, int depth = 0) {
    std::vector<Token> tokens;
    try {
      tokens = tokenize(sql, rules_);
    } catch (const Error&) {
      return;  // a string that is not SQL
    }
    tokens_ = &tokens;
    depth_ = depth;
    if (text == TextKind::type) return read_names();
    std::size_t from = 0;
    if (text == TextKind::program) from = read_signature();
    read_body(from, text == TextKind::program);
  }

 private:
  using Kind = ObjectId::Kind;

  /// A pair of parentheses, or the whole text.
  struct Level {
    bool query = false;      ///< a SELECT, DELETE or UPDATE stands in it: FROM begins a list of relations
    bool from = false;       ///< inside such a list
    bool relation = false;   ///< a relation comes next
    bool cast = false;       ///< CAST ( ... AS type )
  };

  [[nodiscard]] const Token* at(std::size_t i) const { return i < tokens_->size() ? &(*tokens_)[i] : nullptr; }
  [[nodiscard]] bool is(std::size_t i, std::string_view word) const { return i < tokens_->size() && (*tokens_)[i].is(word); }
  [[nodiscard]] bool is_symbol(std::size_t i, std::string_view symbol) const { return i < tokens_->size() && (*tokens_)[i].is_symbol(symbol); }

  static std::string plain(const Token& token) { return lower(unquote_name(token.text)); }

  /// Reads "a", "a.b" or "c.a.b" from `i` on, which ends on its last token.
  QualifiedName name_at(std::size_t& i) const {
    QualifiedName name{"", plain(*at(i))};
    while (is_symbol(i + 1, ".") && i + 2 < tokens_->size() && at(i + 2)->is_name()) {
      i += 2;
      name = {name.name, plain(*at(i))};
    }
    return name;
  }

  void found(Kind kind, QualifiedName name) {
    if (kind != Kind::type && name.schema.empty() && local_.contains(name.name)) return;
    found_.insert({.kind = kind, .name = std::move(name), .part = {}});
  }

  /// Everything that is named may be a type or a routine: no relation can stand there.
  void read_names() {
    for (std::size_t i = 0; i < tokens_->size(); ++i) {
      if (!at(i)->is_name()) continue;
      const auto name = name_at(i);
      found(Kind::type, name);
      found(Kind::routine, name);
    }
  }

  /// CREATE [OR REPLACE] [DEFINER = x] FUNCTION name (arguments) RETURNS type: what is named in it may be a type, or a relation whose rows it
  /// takes or returns. Returns where the body begins.
  std::size_t read_signature() {
    std::size_t i = 0;
    while (i < tokens_->size() && !one_of(*at(i), {"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT", "RULE"})) ++i;
    if (i >= tokens_->size()) return 0;
    const bool routine = one_of(*at(i), {"FUNCTION", "PROCEDURE"});
    ++i;
    while (one_of(*at(std::min(i, tokens_->size() - 1)), {"IF", "NOT", "EXISTS"}) && i + 1 < tokens_->size()) ++i;
    if (i < tokens_->size() && at(i)->is_name()) static_cast<void>(name_at(i));
    ++i;
    if (!routine) return i;
    for (; i < tokens_->size(); ++i) {
      const auto& token = *at(i);
      if (token.kind == TokenKind::string || one_of(token, {"AS", "BEGIN", "RETURN", "LANGUAGE"})) return i;
      if (!token.is_name() || one_of(token, {"RETURNS", "SETOF", "TABLE", "IN", "OUT", "INOUT", "VARIADIC", "DEFAULT"})) continue;
      const auto name = name_at(i);
      found(Kind::type, name);
      found(Kind::relation, name);
    }
    return i;
  }

  void read_body(std::size_t from, bool program) {
    find_local_names(from);
    std::vector<Level> levels(1);
    for (std::size_t i = from; i < tokens_->size(); ++i) {
      const auto& token = *at(i);
      if (token.is_symbol("(")) {
        const bool joined = levels.back().relation;  // FROM (a JOIN b)
        const bool cast = i > 0 && is(i - 1, "CAST");
        levels.push_back({.query = joined, .from = joined, .relation = joined, .cast = cast});
      } else if (token.is_symbol(")")) {
        if (levels.size() > 1) levels.pop_back();
        levels.back().relation = false;
      } else if (token.is_symbol(";")) {
        levels.assign(1, Level{});
      } else if (token.is_symbol(",")) {
        levels.back().relation = levels.back().from;
      } else if (token.is_symbol("::")) {
        read_type(i);
      } else if (token.kind == TokenKind::string) {
        read_string(i, program);
      } else if (token.is_name()) {
        if (!read_keyword(i, levels)) read_name(i, levels.back());
      } else {
        levels.back().relation = false;
      }
    }
  }

  /// Names that a text gives itself: WITH x AS (, REFERENCING NEW TABLE AS x.
  void find_local_names(std::size_t from) {
    for (std::size_t i = from; i + 2 < tokens_->size(); ++i) {
      if (!at(i)->is_name()) continue;
      std::size_t behind = i + 1;
      if (is_symbol(behind, "(")) {  // x (columns) AS (
        while (behind < tokens_->size() && !is_symbol(behind, ")")) ++behind;
        ++behind;
      }
      if (!is(behind, "AS")) continue;
      ++behind;
      if (is(behind, "NOT")) ++behind;
      if (is(behind, "MATERIALIZED")) ++behind;
      const bool opens = is_symbol(behind, "(") && (is(behind + 1, "SELECT") || is(behind + 1, "WITH") || is(behind + 1, "VALUES") || is(behind + 1, "TABLE") ||
                                                    is(behind + 1, "INSERT") || is(behind + 1, "UPDATE") || is(behind + 1, "DELETE") || is_symbol(behind + 1, "("));
      if (opens && i > 0 && (one_of(*at(i - 1), {"WITH", "RECURSIVE"}) || is_symbol(i - 1, ","))) local_.insert(plain(*at(i)));
    }
  }

  void read_type(std::size_t& i) {
    if (i + 1 >= tokens_->size() || !at(i + 1)->is_name()) return;
    ++i;
    found(Kind::type, name_at(i));
  }

  /// The name of a sequence or a relation as a string, and bodies of programs.
  void read_string(std::size_t i, bool program) {
    const auto text = body_of(at(i)->text);
    const bool numbered = i >= 2 && is_symbol(i - 1, "(") && one_of(*at(i - 2), {"NEXTVAL", "CURRVAL", "SETVAL", "LASTVAL", "TO_REGCLASS"});
    const bool cast = is_symbol(i + 1, "::") && is(i + 2, "REGCLASS");
    if (numbered || cast) {
      Reader inner(rules_, found_);
      inner.read_one_name(text);
    } else if (program && depth_ < 2 && (is(i - 1, "AS") || is(i - 1, "DO"))) {
      Reader inner(rules_, found_);
      inner.local_ = local_;
      inner.read(text, TextKind::query, depth_ + 1);
    }
  }

  void read_one_name(std::string_view text) {
    std::vector<Token> tokens;
    try {
      tokens = tokenize(text, rules_);
    } catch (const Error&) {
      return;
    }
    tokens_ = &tokens;
    std::size_t i = 0;
    if (!tokens.empty() && tokens[0].is_name()) found(Kind::relation, name_at(i));
  }

  /// Keywords that say what comes next; false for any other word.
  bool read_keyword(std::size_t i, std::vector<Level>& levels) {
    auto& level = levels.back();
    const auto& token = *at(i);
    if (token.kind != TokenKind::word) return false;
    const auto before = [&](std::initializer_list<std::string_view> words) { return i > 0 && one_of(*at(i - 1), words); };
    if (one_of(token, {"SELECT", "PERFORM", "VALUES", "RETURN", "RETURNS"})) {
      level = {.query = true, .cast = level.cast};
    } else if (token.is("DELETE")) {
      level = {.query = !before({"ON", "BEFORE", "AFTER", "OR", "FOR", "OF"}), .cast = level.cast};
    } else if (token.is("FROM")) {
      const bool list = level.query && !before({"DISTINCT"});
      level.from = level.from || list;
      level.relation = list;
    } else if (one_of(token, {"JOIN", "STRAIGHT_JOIN"})) {
      level.relation = true;
    } else if (token.is("USING")) {  // DELETE FROM a USING b; of a join it is followed by "(", and no relation comes
      level.relation = level.from && !is_symbol(i + 1, "(");
    } else if (token.is("INTO")) {
      level.relation = before({"INSERT", "REPLACE", "MERGE", "IGNORE", "DELAYED", "LOW_PRIORITY", "HIGH_PRIORITY", "ABORT", "FAIL", "ROLLBACK"});
    } else if (token.is("UPDATE")) {
      const bool statement = !before({"ON", "BEFORE", "AFTER", "OR", "FOR", "DO", "KEY", "NO", "OF"}) || (before({"DO"}) && !is(i + 1, "SET"));
      level = {.query = statement, .from = statement, .relation = statement, .cast = level.cast};
    } else if (one_of(token, {"TABLE", "REFERENCES", "TRUNCATE", "INSTEAD", "ALSO"})) {
      level.relation = !is(i + 1, "TABLE") && one_of(token, {"TABLE", "REFERENCES", "TRUNCATE"});
    } else if (one_of(token, {"ONLY", "LATERAL", "IGNORE", "LOW_PRIORITY", "QUICK"})) {
      // the relation is still to come
    } else if (token.is("SET")) {
      level.from = level.relation = false;
      level.query = true;  // UPDATE ... SET ... FROM
    } else if (one_of(token, {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "WINDOW", "RETURNING", "OFFSET", "FETCH", "FOR",
                              "BEGIN", "THEN", "ELSE", "LOOP", "DO", "DECLARE", "END"})) {
      level.from = level.relation = false;
    } else if (token.is("ON")) {
      level.relation = false;
    } else if (token.is("AS") && level.cast) {
      std::size_t behind = i;
      read_type(behind);
    } else if (token.is("FOR") && is(i + 1, "EACH")) {
      level.relation = false;
    } else {
      return false;
    }
    return true;
  }

  /// A name: of a relation where one is due, of a routine in front of "(", of a sequence behind VALUE FOR, else of something that is no object.
  void read_name(std::size_t& i, Level& level) {
    const std::size_t start = i;
    const bool alias = start > 0 && (is(start - 1, "AS") || is_symbol(start - 1, "."));
    const auto name = name_at(i);
    const bool call = is_symbol(i + 1, "(");
    if (level.relation) {
      level.relation = false;
      const bool insert = start > 0 && is(start - 1, "INTO");
      found(call && !insert ? Kind::routine : Kind::relation, name);
    } else if (start >= 2 && is(start - 1, "FOR") && one_of(*at(start - 2), {"VALUE"})) {
      found(Kind::relation, name);
    } else if (call && !alias && !one_of(*at(start), {"IN", "AS", "CAST", "VALUES", "EXISTS", "ANY", "ALL", "SOME", "AND", "OR", "NOT", "ON", "USING", "WHEN", "OVER", "FILTER", "BY"})) {
      found(Kind::routine, name);
      const bool numbers = one_of(*at(start), {"NEXTVAL", "LASTVAL", "SETVAL"});
      if (numbers && i + 2 < tokens_->size() && at(i + 2)->is_name()) {
        auto sequence = i + 2;
        found(Kind::relation, name_at(sequence));
      }
    } else if (start > 0 && one_of(*at(start - 1), {"CALL", "EXECUTE", "EXEC"})) {
      found(Kind::routine, name);
    } else if (is_symbol(i + 1, "%") && (is(i + 2, "ROWTYPE") || is(i + 2, "TYPE"))) {
      found(Kind::relation, is(i + 2, "ROWTYPE") || name.schema.empty() ? name : QualifiedName{"", name.schema});
    }
  }

  const LexicalRules& rules_;
  std::set<ObjectId>& found_;
  const std::vector<Token>* tokens_ = nullptr;
  std::set<std::string> local_;
  int depth_ = 0;
};

}  // namespace

std::vector<ObjectId> references_in(std::string_view sql, const LexicalRules& rules, TextKind text) {
  std::set<ObjectId> found;
  Reader(rules, found).read(sql, text);
  return {found.begin(), found.end()};
}

}  // namespace migrate
