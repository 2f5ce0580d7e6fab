// Row ids, counts, temporary objects and what else lives in a connection of SQLite.
#include "dialect/sqlite/sql/session_use.hpp"

#include <algorithm>

#include "core/text.hpp"
#include "dialect/sql/session_words.hpp"
#include "dialect/sqlite/sql/classify.hpp"
#include "dialect/sqlite/sql/text.hpp"

namespace migrate::sqlite {
namespace {



SessionUse read(const std::vector<Token>& tokens) {
  SessionUse use;
  const auto name_at = [&](std::size_t at) { return at < tokens.size() ? folded_name(tokens[at]) : std::string(); };
  const bool create = among(tokens, 0, {"CREATE"});
  if (among(tokens, 0, {"PRAGMA"})) {
    const auto pragma = pragma_of(tokens);
    if (pragma.sets) use.leaves.push_back({SessionItem::Kind::setting, pragma.name});
    use.constant = true;
  } else if (among(tokens, 0, {"ATTACH"})) {
    use.leaves.push_back({SessionItem::Kind::other, "the attached database " + name_at(tokens.size() - 1)});
    use.constant = true;
  } else if (among(tokens, 0, {"DETACH"})) {
    use.ends.push_back({SessionItem::Kind::other, "the attached database " + name_at(tokens.size() - 1)});
  } else if (create && among(tokens, 1, {"TEMP", "TEMPORARY"})) {
    std::size_t at = among(tokens, 3, {"IF"}) ? 6 : 3;
    use.leaves.push_back({SessionItem::Kind::temporary, name_at(at)});
  } else if (among(tokens, 0, {"DROP"})) {
    use.ends.push_back({SessionItem::Kind::temporary, name_at(tokens.size() - 1)});
  }
  const bool body = create && std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.is("TRIGGER"); });
  for (std::size_t i = 0; i + 1 < tokens.size() && !body; ++i) {
    const bool temporary = (tokens[i].is("TEMP") && tokens[i + 1].is_symbol("."));
    if (temporary && create) use.leaves.push_back({SessionItem::Kind::temporary, name_at(i + 2)});
  }
  if (body) return use;
  for (const auto& call : calls_of(tokens, {})) {
    const auto& name = call.function;
    if (name == "last_insert_rowid") use.needs.push_back({SessionItem::Kind::generated, "last_insert_rowid()"});
    if (name == "changes") use.needs.push_back({SessionItem::Kind::last_result, "changes()"});
    if (name == "total_changes") use.needs.push_back({SessionItem::Kind::total, "total_changes()"});
    if (name == "load_extension") use.anything = true;
  }
  return use;
}

}  // namespace

SessionUse session_use(std::string_view sql) {
  if (begin_of_literal_rows(sql, false) != std::string_view::npos) return {};
  return read(tokenize(sql, lexical_rules()));
}

}  // namespace migrate::sqlite
