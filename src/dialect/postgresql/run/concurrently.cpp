#include "dialect/postgresql/run/concurrently.hpp"

#include "core/text.hpp"
#include "dialect/postgresql/sql/names.hpp"
#include "dialect/postgresql/sql/text.hpp"

namespace migrate::postgresql {
namespace {

struct ConcurrentIndex {
  bool creates = false;
  bool exists_clause = false;      ///< IF EXISTS or IF NOT EXISTS
  std::vector<std::string> parts;  ///< of the index's name; empty: the server chooses it
  std::vector<std::string> table;
};

std::vector<std::string> read_name(const std::vector<Token>& tokens, std::size_t& at) {
  std::vector<std::string> parts;
  while (at < tokens.size() && tokens[at].is_name()) {
    const auto& token = tokens[at++];
    parts.push_back(token.kind == TokenKind::quoted_name ? unquote_name(token.text) : lower(token.text));
    if (at >= tokens.size() || !tokens[at].is_symbol(".")) break;
    ++at;
  }
  return parts;
}

std::optional<ConcurrentIndex> read_concurrent(const Statement& statement) {
  const auto tokens = tokens_of(statement, lexical_rules());
  const auto is = [&](std::size_t i, std::string_view word) { return i < tokens.size() && tokens[i].is(word); };
  ConcurrentIndex index;
  std::size_t at = 1;
  index.creates = is(0, "CREATE");
  if (!index.creates && !is(0, "DROP")) return std::nullopt;
  if (index.creates && is(at, "UNIQUE")) ++at;
  if (!is(at, "INDEX") || !is(at + 1, "CONCURRENTLY")) return std::nullopt;
  at += 2;
  if (is(at, "IF")) {
    index.exists_clause = true;
    at += index.creates ? 3 : 2;
  }
  if (!is(at, "ON")) index.parts = read_name(tokens, at);
  if (index.creates && is(at, "ON")) {
    at += is(at + 1, "ONLY") ? 2 : 1;
    index.table = read_name(tokens, at);
    // An index lives in its table's schema, which CREATE INDEX does not name again.
    if (index.parts.size() == 1 && index.table.size() == 2) index.parts.insert(index.parts.begin(), index.table[0]);
  }
  return index;
}

std::string quoted(const std::vector<std::string>& parts) {
  std::string name;
  for (const auto& part : parts) name += (name.empty() ? "\"" : ".\"") + replace_all(part, "\"", "\"\"") + "\"";
  return name;
}

/// A table's schema is found along the search path, its index by the table: another schema may hold the same name.
std::string index_oid(const ConcurrentIndex& index) {
  if (index.parts.size() == 2 || index.table.empty()) return "to_regclass(" + quote_text(quoted(index.parts)) + ")";
  return "(select c.oid from pg_catalog.pg_class c join pg_catalog.pg_class t on t.relnamespace = c.relnamespace where t.oid = to_regclass(" +
         quote_text(quoted(index.table)) + ") and c.relname = " + quote_text(index.parts[0]) + ")";
}

}  // namespace

std::optional<Witness> witness(const Statement& statement) {
  const auto index = read_concurrent(statement);
  if (!index || index->parts.empty()) return std::nullopt;
  const auto found = "(select count(*) from pg_catalog.pg_index i where i.indexrelid = " + index_oid(*index);
  if (index->creates) return Witness{.value = found + " and i.indisvalid)", .after = "1", .object = quoted(index->parts)};
  // Half dropped it is invalid and still there; dropping it again is right then.
  return Witness{.value = found + ")", .after = "0", .object = quoted(index->parts)};
}

std::string cleanup_before(Connection& connection, const Statement& statement) {
  const auto tokens = tokens_of(statement, lexical_rules());
  bool concurrently = false;
  for (std::size_t i = 0; i < tokens.size() && i < 6; ++i) concurrently = concurrently || tokens[i].is("concurrently");
  if (!concurrently || tokens.empty() || (!tokens[0].is("create") && !tokens[0].is("reindex"))) return {};
  // REINDEX CONCURRENTLY leaves a copy with _ccnew behind on the same table.
  const auto names = names_in(statement.text);
  if (names.empty()) return {};
  const auto result = connection.query(R"(
    with named as (select pg_catalog.to_regclass(name)::oid as oid from unnest()" + name_array(names) + R"() as name)
    select format('DROP INDEX IF EXISTS %s', i.indexrelid::regclass)
      from pg_catalog.pg_index i
      join pg_catalog.pg_class c on c.oid = i.indexrelid
     where not i.indisvalid
       and c.relkind = 'i'
       and (i.indexrelid in (select oid from named) or (c.relname ~ '_ccnew[0-9]*$' and
            i.indrelid in (select oid from named union select indrelid from pg_catalog.pg_index x join named on named.oid = x.indexrelid))))");
  std::string sql;
  for (const auto& row : result.rows) sql += (sql.empty() ? "" : "; ") + row[0].value_or("");
  return sql;
}

}  // namespace migrate::postgresql
