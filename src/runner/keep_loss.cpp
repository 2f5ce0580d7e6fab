#include "runner/keep_loss.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/lint.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "dialect/sql/parsed.hpp"

namespace migrate {
namespace {

/// The words of one statement outside of parentheses, and the text between them.
class Words {
 public:
  Words(const Statement& statement, const LexicalRules& rules) : text_(statement.text), tokens_(tokens_of(statement, rules)) {}

  [[nodiscard]] std::size_t size() const { return tokens_.size(); }
  [[nodiscard]] const Token& at(std::size_t i) const { return tokens_[i]; }
  [[nodiscard]] bool is(std::size_t i, std::string_view word) const { return i < tokens_.size() && tokens_[i].is(word); }
  [[nodiscard]] bool symbol(std::size_t i, std::string_view text) const { return i < tokens_.size() && tokens_[i].is_symbol(text); }
  /// The first of the words from `start` on that stands outside of parentheses; size() when there is none.
  [[nodiscard]] std::size_t find(std::size_t start, std::initializer_list<std::string_view> words) const {
    int depth = 0;
    for (auto i = start; i < tokens_.size(); ++i) {
      if (tokens_[i].is_symbol("(")) ++depth;
      else if (tokens_[i].is_symbol(")")) --depth;
      else if (depth <= 0 && std::any_of(words.begin(), words.end(), [&](std::string_view word) { return tokens_[i].is(word); })) return i;
    }
    return tokens_.size();
  }
  /// Whether one of the words stands anywhere in [start, end).
  [[nodiscard]] bool any(std::size_t start, std::size_t end, std::initializer_list<std::string_view> words) const {
    for (auto i = start; i < std::min(end, tokens_.size()); ++i) {
      if (std::any_of(words.begin(), words.end(), [&](std::string_view word) { return tokens_[i].is(word); })) return true;
    }
    return false;
  }
  [[nodiscard]] std::string text(std::size_t start, std::size_t end) const {
    end = std::min(end, tokens_.size());
    if (start >= end) return "";
    const auto& last = tokens_[end - 1];
    return text_.substr(tokens_[start].offset, last.offset + last.text.size() - tokens_[start].offset);
  }

 private:
  const std::string& text_;
  std::vector<Token> tokens_;
};

Loss cannot(std::string why) { return {.kind = Loss::Kind::unknown, .why = std::move(why)}; }

/// Functions that answer differently each time they are asked: the rows that are kept would not be the ones that the statement meets.
bool changes_its_mind(const Words& words, std::size_t start, std::size_t end) {
  return words.any(start, end, {"RANDOM", "RAND", "RANDOMBLOB", "UUID", "GEN_RANDOM_UUID", "UUID_GENERATE_V4", "UUID_SHORT", "CLOCK_TIMESTAMP", "SYSDATE", "NEXTVAL", "SLEEP"});
}

/// The table behind UPDATE or DELETE FROM: name, alias, and the token behind them.
std::size_t read_table(const Words& words, std::size_t at, std::initializer_list<std::string_view> ends, Loss& loss) {
  while (words.symbol(at, ".")) ++at;
  if (words.symbol(at, "*")) ++at;
  if (words.is(at, "AS")) ++at;
  const bool named = at < words.size() && words.at(at).is_name() && std::none_of(ends.begin(), ends.end(), [&](std::string_view word) { return words.is(at, word); });
  if (named) loss.alias = words.text(at, at + 1), ++at;
  return at;
}

/// Behind a table's name, which may be qualified.
std::size_t behind_name(const Words& words, std::size_t at) {
  ++at;
  while (words.symbol(at, ".") && at + 1 < words.size()) at += 2;
  return at;
}

void read_condition(const Words& words, std::size_t at, Loss& loss) {
  const auto where = words.find(at, {"WHERE"});
  const auto tail = words.find(at, {"ORDER", "LIMIT"});
  const auto returning = words.find(at, {"RETURNING"});
  if (where < words.size()) loss.where = words.text(where + 1, std::min(tail, returning));
  loss.tail = words.text(tail, std::max(tail, returning));
  if (words.is(where + 1, "CURRENT") && words.is(where + 2, "OF")) loss = cannot("the row under a cursor");
  else if (changes_its_mind(words, at, words.size())) loss = cannot("it chooses rows by what is another thing each time");
  else if (words.is(tail, "LIMIT")) loss = cannot("LIMIT without ORDER BY chooses any rows");
}

std::string with_clause(const Words& words, std::size_t verb) { return verb == 0 ? "" : words.text(0, verb); }

Loss read_delete(const Words& words, std::size_t verb, const parsed::Statement& parsed) {
  Loss loss{.kind = Loss::Kind::rows, .tables = {parsed.name}, .with = with_clause(words, verb)};
  auto at = verb + 1;
  while (words.is(at, "LOW_PRIORITY") || words.is(at, "QUICK") || words.is(at, "IGNORE")) ++at;
  if (!words.is(at, "FROM")) return cannot("a DELETE from several tables");
  ++at;
  if (words.is(at, "ONLY")) return cannot("ONLY a part of an inheritance tree");
  at = read_table(words, behind_name(words, at), {"USING", "WHERE", "ORDER", "LIMIT", "RETURNING", "INDEXED", "NOT"}, loss);
  if (words.symbol(at, ",")) return cannot("a DELETE from several tables");
  if (words.is(at, "USING")) {
    const auto end = words.find(at, {"WHERE", "RETURNING", "ORDER", "LIMIT"});
    loss.from = words.text(at + 1, end);
  }
  read_condition(words, at, loss);
  return loss;
}

Loss read_update(const Words& words, std::size_t verb, const parsed::Statement& parsed) {
  Loss loss{.kind = Loss::Kind::values, .tables = {parsed.name}, .assigned = parsed.assigned, .with = with_clause(words, verb)};
  auto at = verb + 1;
  if (words.is(at, "OR") && words.is(at + 1, "REPLACE")) return cannot("UPDATE OR REPLACE deletes rows that are in its way");
  if (words.is(at, "OR")) at += 2;
  while (words.is(at, "LOW_PRIORITY") || words.is(at, "IGNORE")) ++at;
  if (words.is(at, "ONLY")) return cannot("ONLY a part of an inheritance tree");
  const auto start = at;
  at = read_table(words, behind_name(words, at), {"SET", "JOIN", "INNER", "LEFT", "RIGHT", "CROSS", "STRAIGHT_JOIN", "INDEXED", "NOT", "USE", "FORCE", "FOR"}, loss);
  const auto set = words.find(at, {"SET"});
  if (set == words.size()) return cannot("an UPDATE that cannot be read");
  if (at < set && !words.is(at, "INDEXED") && !words.is(at, "NOT")) {  // MySQL: a list of tables, or joins
    loss.from = words.text(start, set);
    loss.joined = true;
    // Which table's column it is has to be written down.
    const auto end = words.find(set, {"WHERE", "ORDER", "LIMIT"});
    const auto own = lower(unquote_name(loss.alias.empty() ? words.at(start).text : std::string_view(loss.alias)));
    for (auto i = set + 1; i < end; ++i) {
      if (!words.symbol(i, "=") || i < 2 || !(words.symbol(i - 2, ".") || words.is(i - 2, "SET") || words.symbol(i - 2, ","))) continue;
      if (!words.symbol(i - 2, ".") || lower(unquote_name(words.at(i - 3).text)) != own) return cannot("an UPDATE of several tables");
    }
  }
  const auto from = words.find(set, {"FROM"});
  if (from < words.size()) loss.from = words.text(from + 1, words.find(from, {"WHERE", "RETURNING"}));
  if (parsed.assigned.empty()) return cannot("an UPDATE whose columns cannot be read");
  // What stands in SET may be another thing each time: only the rows count, and they are chosen behind it.
  read_condition(words, std::min(words.find(set, {"WHERE", "ORDER", "LIMIT"}), words.size()), loss);
  if (from < words.size() && loss.kind != Loss::Kind::unknown && changes_its_mind(words, from, words.size())) return cannot("it chooses rows by what is another thing each time");
  return loss;
}

std::optional<Loss> read_alter(const Words& words, const parsed::Statement& parsed) {
  using Kind = parsed::Action::Kind;
  Loss loss{.kind = Loss::Kind::columns, .tables = {parsed.name}};
  for (const auto& action : parsed.actions) {
    if (action.kind == Kind::drop_column) loss.dropped.push_back(action.name), loss.cascade = loss.cascade || action.cascade;
    else if (action.kind == Kind::set_type) loss.changed.emplace_back(action.name, action.to);
    else if (action.kind == Kind::change_column) loss.changed.emplace_back(action.name, action.column.type);
    else if (action.kind == Kind::convert_charset) return cannot("texts that the other character set does not have");
  }
  if (words.any(0, words.size(), {"PARTITION", "PARTITIONS"}) && words.any(0, words.size(), {"DROP", "TRUNCATE"}) && loss.dropped.empty()) return cannot("the rows of a partition");
  if (loss.cascade) return cannot("what else goes with a column by CASCADE");
  return loss.dropped.empty() && loss.changed.empty() ? std::nullopt : std::optional(loss);
}

/// What only shows that something may go, and not what.
std::optional<Loss> read_other(const Dialect& dialect, const Statement& statement, const Words& words, const parsed::Statement& parsed) {
  using parsed::Verb;
  const auto& word = parsed.word;
  switch (parsed.verb) {
    case Verb::drop_schema:
    case Verb::drop_database: return cannot("all that is in it");
    case Verb::drop_type:
    case Verb::drop_other:
      if (word == "DROP" && words.is(1, "OWNED")) return cannot("all that a role owns");
      if (parsed.cascade && (parsed.verb == Verb::drop_type || parsed.object == "domain" || parsed.object == "extension")) return cannot("the columns that go with it by CASCADE");
      if (parsed.verb == Verb::drop_type || parsed.object == "domain") return Loss{.kind = Loss::Kind::type, .tables = parsed.names};
      return std::nullopt;
    case Verb::create_table:
      if (words.is(1, "OR") && words.is(2, "REPLACE")) return cannot("the table that was there before");
      return std::nullopt;
    case Verb::insert:
      if (word == "REPLACE" || (words.is(0, "INSERT") && words.is(1, "OR") && words.is(2, "REPLACE"))) return cannot("the rows that it replaces");
      for (std::size_t i = 0; i + 3 < words.size(); ++i) {
        if (words.is(i, "ON") && ((words.is(i + 1, "DUPLICATE") && words.is(i + 3, "UPDATE")) || words.is(i + 1, "CONFLICT")) && words.any(i, words.size(), {"UPDATE"})) {
          return cannot("the values that it overwrites");
        }
      }
      return std::nullopt;
    case Verb::select:
      if (dialect.sql().classify(statement) == StatementClass::data || dialect.sql().session_use(statement).anything) return cannot("what the functions that it calls do");
      return std::nullopt;
    default: break;
  }
  if (word == "CALL" || word == "EXECUTE" || word == "DO") return cannot("what the code in it does");
  if (word == "MERGE") return cannot("the rows that it changes");
  if (word == "LOAD" && words.any(0, words.size(), {"REPLACE"})) return cannot("the rows that it replaces");
  if (word == "BEGIN" && words.is(1, "NOT")) return cannot("what the code in it does");
  if (word == "WITH") return cannot("the rows that it changes");
  return std::nullopt;
}

std::optional<Loss> loss_of(const Dialect& dialect, const Statement& statement) {
  const auto& lexical = rules_of(statement, dialect.sql().lexical_rules());
  const parsed::Rules rules{&lexical, dialect.lint().fold_case};
  const auto parsed = parsed::parse(statement.text, rules);
  const Words words(statement, lexical);
  using parsed::Verb;
  if (statement.text.find("/*!") != std::string::npos || statement.text.find("/*M!") != std::string::npos) {
    const bool takes = parsed.verb == Verb::drop_table || parsed.verb == Verb::alter_table || parsed.verb == Verb::update || parsed.verb == Verb::remove || parsed.verb == Verb::truncate;
    if (takes) return cannot("it holds code for some servers only");
  }
  const auto verb = parsed.word == "WITH" ? words.find(1, {"UPDATE", "DELETE", "INSERT", "MERGE", "SELECT", "REPLACE", "VALUES"}) : 0;
  if (verb > 0 && words.any(0, verb, {"UPDATE", "DELETE", "INSERT", "MERGE"})) return cannot("the rows that a part of it changes");
  switch (parsed.verb) {
    case Verb::drop_table:
      if (parsed.temporary) return std::nullopt;
      return Loss{.kind = Loss::Kind::table, .tables = parsed.names, .cascade = parsed.cascade};
    case Verb::truncate:
      if (parsed.cascade) return cannot("the rows of other tables that go by CASCADE");
      return Loss{.kind = Loss::Kind::all_rows, .tables = parsed.names};
    case Verb::alter_table: return read_alter(words, parsed);
    case Verb::update: return read_update(words, verb, parsed);
    case Verb::remove: return read_delete(words, verb, parsed);
    default: return read_other(dialect, statement, words, parsed);
  }
}

/// "SELECT a, lower(b) FROM t": the items that are plain names, each with its place; "" for others.
std::vector<std::string> plain_items(const Words& words, std::size_t select, std::size_t from) {
  std::vector<std::string> items{""};
  int depth = 0;
  std::size_t count = 0;
  for (auto i = select + 1; i < from; ++i) {
    if (words.symbol(i, "(")) ++depth;
    if (words.symbol(i, ")")) --depth;
    if (depth == 0 && words.symbol(i, ",")) {
      items.emplace_back();
      count = 0;
      continue;
    }
    ++count;
    items.back() = count == 1 && words.at(i).is_name() ? unquote_name(words.at(i).text) : "";
  }
  return items;
}

/// A table made anew: CREATE TABLE x, INSERT INTO x SELECT ... FROM t, DROP TABLE t, ALTER TABLE x RENAME TO t. What it takes is
/// what did not go along.
void find_rebuild(const Dialect& dialect, const std::vector<Statement>& statements, std::size_t drop, Loss& loss) {
  if (loss.tables.size() != 1) return;
  const auto& name = loss.tables.front().name;
  const auto parse = [&](const Statement& statement) {
    return parsed::parse(statement.text, {&rules_of(statement, dialect.sql().lexical_rules()), dialect.lint().fold_case});
  };
  for (auto i = drop + 1; i < statements.size() && loss.replacement.name.empty(); ++i) {
    if (!starts_with_ignoring_case(statements[i].text, "ALTER") && !starts_with_ignoring_case(statements[i].text, "RENAME")) continue;
    const auto parsed = parse(statements[i]);
    if (parsed.verb == parsed::Verb::rename_table && parsed.names.size() == 2 && equal_ignoring_case(parsed.names[1].name, name)) loss.replacement = parsed.names[0];
    for (const auto& action : parsed.actions) {
      const auto& to = action.other.name.empty() ? action.to : action.other.name;
      if (action.kind == parsed::Action::Kind::rename_table && equal_ignoring_case(to, name)) loss.replacement = parsed.name;
    }
  }
  if (loss.replacement.name.empty()) return;
  for (std::size_t i = 0; i < drop; ++i) {
    if (!starts_with_ignoring_case(statements[i].text, "INSERT")) continue;
    const auto parsed = parse(statements[i]);
    if (!equal_ignoring_case(parsed.name.name, loss.replacement.name) || !equal_ignoring_case(parsed.source.name, name)) continue;
    const Words words(statements[i], rules_of(statements[i], dialect.sql().lexical_rules()));
    const auto select = words.find(0, {"SELECT"});
    const auto from = words.find(select, {"FROM"});
    const auto items = plain_items(words, select, from);
    for (std::size_t k = 0; k < std::min(items.size(), parsed.assigned.size()); ++k) {
      if (!items[k].empty()) loss.carried.emplace_back(items[k], parsed.assigned[k]);
    }
    loss.filtered = words.find(from, {"WHERE", "LIMIT", "JOIN", "GROUP"}) < words.size();
  }
}

}  // namespace

std::vector<std::optional<Loss>> losses_of(const Dialect& dialect, const std::vector<Statement>& statements) {
  std::vector<std::optional<Loss>> losses;
  for (std::size_t i = 0; i < statements.size(); ++i) {
    losses.push_back(loss_of(dialect, statements[i]));
    if (losses.back() && losses.back()->kind == Loss::Kind::table) find_rebuild(dialect, statements, i, *losses.back());
  }
  return losses;
}

namespace {

/// The values of "enum('a','b')", sorted; empty for another type.
std::vector<std::string> enum_values(const std::string& type) {
  std::vector<std::string> values;
  if (!type.starts_with("enum(") && !type.starts_with("set(")) return values;
  static const LexicalRules rules;
  for (const auto& token : tokenize(type, rules)) {
    if (token.kind == TokenKind::string) values.emplace_back(token.text);
  }
  std::sort(values.begin(), values.end());
  return values;
}

}  // namespace

bool fits(const std::string& from, const std::string& to) {
  if (from == to) return true;
  if (const auto before = enum_values(from), after = enum_values(to); !before.empty() && !after.empty()) return std::includes(after.begin(), after.end(), before.begin(), before.end());
  const auto name_of = [](const std::string& type) { return std::string(parsed::type_name(type)); };
  const auto a = name_of(from), b = name_of(to);
  static const std::vector<std::vector<std::string_view>> chains{{"smallint", "integer", "int", "bigint"}, {"tinyint", "smallint", "mediumint", "int", "bigint"},
                                                                 {"smallint", "mediumint", "int", "bigint"}, {"integer", "bigint"}, {"real", "double precision"}, {"float", "double"},
                                                                 {"tinytext", "text", "mediumtext", "longtext"}, {"tinyblob", "blob", "mediumblob", "longblob"}};
  const bool plain = (from.find("unsigned") != std::string::npos) == (to.find("unsigned") != std::string::npos);
  for (const auto& chain : chains) {
    const auto x = std::find(chain.begin(), chain.end(), a), y = std::find(chain.begin(), chain.end(), b);
    if (x != chain.end() && y != chain.end() && plain) return x <= y;
  }
  const auto [la, sa] = parsed::type_numbers(from);
  const auto [lb, sb] = parsed::type_numbers(to);
  const bool text_a = a == "varchar" || a == "character varying", text_b = b == "varchar" || b == "character varying";
  if (text_a && text_b) return lb < 0 || (la >= 0 && la <= lb);
  if (text_a && (b == "text" || b == "longtext" || b == "mediumtext")) return true;
  const bool number_a = a == "numeric" || a == "decimal", number_b = b == "numeric" || b == "decimal";
  if (number_a && number_b) return lb < 0 || (la >= 0 && std::max(sa, 0) <= std::max(sb, 0) && la - std::max(sa, 0) <= lb - std::max(sb, 0));
  return false;
}

}  // namespace migrate
