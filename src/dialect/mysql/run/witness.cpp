// Statements whose effect is that something is there or is gone: a count from information_schema tells, with conditions
// on schema and name that let the server look at that one object only.

#include "dialect/mysql/run/witness.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

struct Name {
  std::string schema;
  std::string name;
};

class WitnessReader {
 public:
  explicit WitnessReader(const Statement& statement) : text_(statement.text), tokens_(tokens_of(statement, lexical_rules())) {}

  std::optional<Witness> read() {
    // Executable comments may be code for one server and none for another.
    if (text_.find("/*!") != std::string::npos || text_.find("/*M!") != std::string::npos) return std::nullopt;
    if (accept("CREATE")) return create();
    if (accept("DROP")) return drop();
    return std::nullopt;
  }

 private:
  bool accept(std::string_view word) {
    if (at_ >= tokens_.size() || !tokens_[at_].is(word)) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool has(std::string_view word) const {
    return std::any_of(tokens_.begin(), tokens_.end(), [&](const Token& token) { return token.is(word); });
  }

  std::optional<Name> name() {
    const auto part = [&]() -> std::optional<std::string> {
      if (at_ >= tokens_.size() || (tokens_[at_].kind != TokenKind::word && tokens_[at_].kind != TokenKind::quoted_name)) return std::nullopt;
      return unquote_name(tokens_[at_++].text);
    };
    auto first = part();
    if (!first) return std::nullopt;
    if (at_ >= tokens_.size() || !tokens_[at_].is_symbol(".")) return Name{"", *first};
    ++at_;
    auto second = part();
    if (!second) return std::nullopt;
    return Name{*first, *second};
  }

  static std::string schema(const Name& name) { return name.schema.empty() ? "DATABASE()" : quote_text(name.schema); }
  static std::string key(const Name& name) { return backtick(name.schema) + "." + backtick(name.name); }

  static std::string table_count(const Name& name) {
    return fmt::format("(SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = {} AND table_name = {})", schema(name), quote_text(name.name));
  }
  static std::string index_count(const Name& table, const std::string& index) {
    return fmt::format(
        "(SELECT COUNT(DISTINCT index_name) FROM information_schema.statistics WHERE table_schema = {} AND table_name = {} AND index_name = {})",
        schema(table), quote_text(table.name), quote_text(index));
  }

  std::optional<Witness> create() {
    // OR REPLACE puts another object in the place of one that may look the same from here.
    if (accept("TABLE")) {
      const bool tolerant = accept("IF");
      if (tolerant) at_ += 2;
      const auto table = name();
      // With SELECT it also fills the table, and ... LIKE is as quick as any.
      if (!table || has("SELECT")) return std::nullopt;
      return Witness{.value = table_count(*table), .after = "1", .object = key(*table), .creates = true, .anew = !tolerant};
    }
    for (const auto* kind : {"UNIQUE", "FULLTEXT", "SPATIAL"}) accept(kind);
    if (!accept("INDEX")) return std::nullopt;
    if (accept("IF")) at_ += 2;
    const auto index = name();
    while (at_ < tokens_.size() && !tokens_[at_].is("ON")) ++at_;
    if (!index || !accept("ON")) return std::nullopt;
    const auto table = name();
    if (!table) return std::nullopt;
    return Witness{.value = index_count(*table, index->name), .after = "1", .object = key(*table), .absent = "0"};
  }

  std::optional<Witness> drop() {
    if (accept("INDEX")) {
      if (accept("IF")) ++at_;
      const auto index = name();
      if (!index || !accept("ON")) return std::nullopt;
      const auto table = name();
      if (!table) return std::nullopt;
      return Witness{.value = index_count(*table, index->name), .after = "0", .object = key(*table)};
    }
    if (!accept("TABLE") && !accept("TABLES")) return std::nullopt;
    const auto verb_end = tokens_[at_ - 1].offset + tokens_[at_ - 1].text.size();
    const bool exists_clause = accept("IF");
    if (exists_clause) ++at_;
    std::string value;
    std::string object;
    bool several = false;
    for (;;) {
      const auto table = name();
      if (!table) return std::nullopt;
      several = !value.empty();
      value += (several ? " + " : "") + table_count(*table);
      if (!several) object = key(*table);
      if (at_ >= tokens_.size() || !tokens_[at_].is_symbol(",")) break;
      ++at_;
    }
    // Several are dropped one after the other: IF EXISTS drops the rest.
    if (several) value = "(" + value + ")";
    return Witness{.value = value, .after = "0", .object = object, .drops = !several,
                   .finish = exists_clause ? text_ : text_.substr(0, verb_end) + " IF EXISTS" + text_.substr(verb_end)};
  }

  std::string text_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<Witness> witness_of(const Statement& statement) { return WitnessReader(statement).read(); }

}  // namespace migrate::mysql
