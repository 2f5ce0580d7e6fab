#include "dialect/postgresql/lint/lint.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/postgresql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::postgresql {
namespace {

using lint::Context;
using lint::Findings;
using lint::Fix;
using lint::Rule;
using lint::Severity;
using parsed::Action;
using parsed::Verb;

void check_grammar(const Context& context, const Rule& rule, Findings& findings) {
  const auto syntax = check_syntax(context.sql());
  // A newer server may read what this grammar does not.
  if (!syntax.known || syntax.error.empty() || context.facts.version >= syntax.grammar + 10000) return;
  auto& finding = report(context, rule, findings, "PostgreSQL " + std::to_string(syntax.grammar / 10000) + " does not read it: " + syntax.error + ".");
  if (syntax.position > 0) {
    const auto before = context.sql().substr(0, static_cast<std::size_t>(syntax.position - 1));
    finding.location.line += static_cast<int>(std::count(before.begin(), before.end(), '\n'));
  }
}

/// What PostgreSQL refuses inside a transaction block.
bool needs_no_transaction(const Context& context) {
  const auto& statement = context.parsed();
  if (statement.concurrently) return statement.verb == Verb::create_index || statement.verb == Verb::drop_index || statement.verb == Verb::reindex;
  if (statement.verb == Verb::alter_table) {
    return std::any_of(statement.actions.begin(), statement.actions.end(), [](const Action& action) { return action.kind == Action::Kind::detach_partition && action.concurrently; });
  }
  if (statement.verb == Verb::vacuum || statement.verb == Verb::drop_database) return true;
  if (statement.verb == Verb::cluster) return statement.name.name.empty();
  std::vector<Token> tokens;
  Lexer lexer(context.sql(), lexical_rules());
  for (Token token{}; tokens.size() < 2 && lexer.next(token);) tokens.push_back(token);
  const auto starts = [&](std::string_view first, std::string_view second) { return tokens.size() > 1 && tokens[0].is(first) && tokens[1].is(second); };
  return starts("CREATE", "DATABASE") || starts("CREATE", "TABLESPACE") || starts("DROP", "TABLESPACE") || starts("ALTER", "SYSTEM") || starts("REINDEX", "DATABASE") ||
         starts("REINDEX", "SYSTEM");
}

void check_outside_transaction(const Context& context, const Rule& rule, Findings& findings) {
  if (!context.transaction || !needs_no_transaction(context)) return;
  auto& finding = report(context, rule, findings, "PostgreSQL refuses it inside a transaction, and the unit runs in one.");
  Fix fix;
  fix.later = {std::string(context.sql())};
  const auto& statement = context.parsed();
  if (statement.verb == Verb::create_index && !statement.object.empty()) {
    fix.undo_later = {"DROP INDEX CONCURRENTLY IF EXISTS " + quote_name(QualifiedName{statement.name.schema, statement.object})};
    fix.moved = statement.object;
  }
  fix.unique = statement.index.unique;
  finding.fix = std::move(fix);
}

// ---- locks that are held ---------------------------------------------------------------------------------------------

/// The table that a statement takes an ACCESS EXCLUSIVE lock on, when others use it.
const QualifiedName* locks_out(const Context& context, std::size_t at) {
  const auto& statement = context.items[at].parsed;
  const QualifiedName* table = nullptr;
  if (statement.verb == Verb::alter_table) {
    const bool strong = std::any_of(statement.actions.begin(), statement.actions.end(), [](const Action& action) {
      if (action.kind == Action::Kind::validate_constraint || action.kind == Action::Kind::attach_partition) return false;
      return action.kind != Action::Kind::add_constraint || action.constraint.kind != parsed::Constraint::Kind::foreign_key;
    });
    if (strong) table = &statement.name;
  }
  if (statement.verb == Verb::truncate || statement.verb == Verb::drop_table || statement.verb == Verb::cluster) table = &statement.name;
  return table == nullptr || context.small(*table) ? nullptr : table;
}

/// Whether the statement takes a time that grows with a table that is in use. Rows that are changed are ALL022's.
bool takes_long(const Context& context, std::size_t at) {
  const auto& statement = context.items[at].parsed;
  switch (statement.verb) {
    case Verb::create_index: return !statement.index.only && !context.small(statement.name);
    case Verb::create_table: return statement.reads && statement.with_data && !context.small(statement.source);
    case Verb::refresh: return statement.with_data;
    case Verb::alter_table:
      return !context.small(statement.name) && std::any_of(statement.actions.begin(), statement.actions.end(), [](const Action& action) {
        return action.kind == Action::Kind::validate_constraint;
      });
    default: return false;
  }
}

void check_held_lock(const Context& context, const Rule& rule, Findings& findings) {
  if (!context.transaction) return;
  const auto* locked = locks_out(context, context.at);
  if (locked == nullptr) return;
  // Said once, at the first lock.
  for (std::size_t i = 0; i < context.at; ++i) {
    if (locks_out(context, i) != nullptr) return;
  }
  std::set<QualifiedName> others;
  for (std::size_t i = context.at + 1; i < context.items.size(); ++i) {
    const auto& statement = context.items[i].parsed;
    if (takes_long(context, i)) {
      auto& finding = report(context, rule, findings, "It locks " + context.shown(*locked) + " (ACCESS EXCLUSIVE) until the end of the transaction, and the " + upper(statement.word) + " in line " +
                                 std::to_string(context.items[i].source.location.line) + " takes its time meanwhile.");
      finding.hint = "put the slow statement into a unit of its own";
      return;
    }
    if (const auto* other = locks_out(context, i); other != nullptr && lint::key_of(*other, context.facts.server) != lint::key_of(*locked, context.facts.server)) {
      others.insert(lint::key_of(*other, context.facts.server));
    }
  }
  if (others.size() < 2) return;
  auto& finding = report(context, rule, findings, "The transaction locks " + std::to_string(others.size() + 1) + " tables (ACCESS EXCLUSIVE) one after the other and holds them all: it waits, and makes others wait, for each.");
  finding.hint = "one unit for each table";
}

// ---- single statements -----------------------------------------------------------------------------------------------

void check_vacuum_full(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::vacuum || !statement.full || (!statement.name.name.empty() && context.small(statement.name))) return;
  const auto what = statement.name.name.empty() ? std::string("every table") : context.shown(statement.name);
  auto& finding = report(context, rule, findings, "VACUUM FULL writes " + what + " anew under an ACCESS EXCLUSIVE lock.");
  if (!statement.name.name.empty()) finding.fix = Fix{.statements = {"VACUUM (ANALYZE) " + quote_name(statement.name)}};
  else finding.fix = Fix{.statements = {"VACUUM (ANALYZE)"}};
  finding.hint = "a plain VACUUM lets everybody work; pg_repack shrinks a table in use";
}

void check_cluster(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::cluster || (!statement.name.name.empty() && context.small(statement.name))) return;
  auto& finding = report(context, rule, findings, "CLUSTER writes " + (statement.name.name.empty() ? std::string("every clustered table") : context.shown(statement.name)) + " anew under an ACCESS EXCLUSIVE lock.");
  finding.hint = "pg_repack orders a table that is in use";
}

void check_cascade(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  bool cascade = statement.cascade;
  for (const auto& action : statement.actions) cascade = cascade || action.cascade;
  if (!cascade) return;
  if (statement.verb == Verb::truncate) {
    report(context, rule, findings, "TRUNCATE ... CASCADE empties every table that refers to " + statement.name.text() + " too, and locks them all (ACCESS EXCLUSIVE).")
        .hint = "name the tables: TRUNCATE a, b";
    return;
  }
  auto& finding = report(context, rule, findings, "CASCADE drops whatever depends on it (views, foreign keys, defaults), which the unit does not name and its way back does not make again.");
  finding.hint = "drop what depends on it by name, in front of it";
  const auto at = lower(context.sql()).rfind("cascade");
  if (at == std::string::npos || statement.verb == Verb::alter_table) return;
  std::string sql(context.sql().substr(0, at));
  finding.fix = Fix{.statements = {std::string(trim(sql + std::string(context.sql().substr(at + 7))))}, .automatic = false};
}

void check_enum_value(const Context& context, const Rule& rule, Findings& findings) {
  if (!context.transaction) return;
  const auto tokens = tokenize(context.sql(), lexical_rules());
  for (std::size_t i = 0; i < context.at; ++i) {
    const auto& earlier = context.items[i].parsed;
    if (earlier.verb != Verb::alter_type) continue;
    // From 17 on the values of a type that is as new may be used.
    const bool made_here = context.facts.version >= 170000 && std::any_of(context.items.begin(), context.items.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](const auto& item) { return item.parsed.verb == Verb::create_type && item.parsed.name == earlier.name; });
    for (const auto& action : earlier.actions) {
      if (action.kind != Action::Kind::add_value || made_here || context.parsed().verb == Verb::alter_type) continue;
      const bool used = std::any_of(tokens.begin(), tokens.end(), [&](const Token& token) { return token.kind == TokenKind::string && unquote_text(token.text) == action.name; });
      if (!used) continue;
      auto& finding = report(context, rule, findings,
                             "The value '" + action.name + "' of " + earlier.name.text() + " was added in the same transaction: PostgreSQL refuses to use it before the commit (unsafe use of new value).");
      Fix fix;
      fix.later = {std::string(context.sql())};
      fix.automatic = context.at + 1 == context.items.size();
      finding.fix = std::move(fix);
      return;
    }
  }
}

void check_refresh(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::refresh || statement.concurrently || !statement.with_data || context.fresh(statement.name)) return;
  const auto it = std::find_if(context.state.views.begin(), context.state.views.end(), [&](const View& view) { return view.name == statement.name; });
  const bool known = it != context.state.views.end();
  const bool unique = known && std::any_of(it->indexes.begin(), it->indexes.end(), [](const Index& index) { return index.unique && index.where.empty(); });
  if (context.facts.connected && context.rows(statement.name) && *context.rows(statement.name) > 0 && context.small(statement.name)) return;
  auto& finding = report(context, rule, findings, "REFRESH MATERIALIZED VIEW keeps all readers of " + context.shown(statement.name) + " out until it is done (ACCESS EXCLUSIVE).");
  std::string sql(context.sql());
  sql.insert(statement.on.begin, " CONCURRENTLY");
  Fix fix;
  fix.statements = {sql};
  fix.automatic = unique;
  finding.fix = std::move(fix);
  if (!unique) finding.hint = "CONCURRENTLY needs a unique index over columns, without WHERE, on the view";
}

void check_reindex(const Context& context, const Rule& rule, Findings& findings) {
  const auto& statement = context.parsed();
  if (statement.verb != Verb::reindex || statement.concurrently) return;
  if (statement.value == "table" && context.small(statement.name)) return;
  auto& finding = report(context, rule, findings, "REINDEX locks writes to the table, and readers that use the index, until it is built.");
  if (context.facts.version > 0 && context.facts.version < 120000) return;
  if (statement.value != "table" && statement.value != "index") return;
  std::string sql(context.sql());
  sql.insert(statement.on.begin, " CONCURRENTLY");
  finding.fix = Fix{.later = {sql}};
}

constexpr Rule rule_table[] = {
    {"PG001", Severity::error, "a statement that the server does not read", check_grammar, true},
    {"PG010", Severity::warning, "an index built without CONCURRENTLY", check_index},
    {"PG011", Severity::error, "CONCURRENTLY, VACUUM and the like inside a transaction", check_outside_transaction, true},
    {"PG012", Severity::warning, "a foreign key added without NOT VALID", check_foreign_key},
    {"PG013", Severity::warning, "a check added without NOT VALID", check_check},
    {"PG014", Severity::warning, "a unique constraint or primary key not built from an index", check_unique},
    {"PG015", Severity::warning, "an exclusion constraint on a table in use", check_exclusion},
    {"PG016", Severity::warning, "SET NOT NULL without a validated check", check_not_null},
    {"PG017", Severity::warning, "a column added with a volatile default", check_volatile_default},
    {"PG018", Severity::warning, "a type change that writes the table anew", check_type},
    {"PG019", Severity::warning, "a stored generated column added", check_generated},
    {"PG020", Severity::warning, "a serial or identity column added", check_serial},
    {"PG021", Severity::warning, "a slow statement, or more locks, behind an ACCESS EXCLUSIVE lock", check_held_lock},
    {"PG022", Severity::warning, "VACUUM FULL", check_vacuum_full},
    {"PG023", Severity::warning, "CLUSTER", check_cluster},
    {"PG024", Severity::warning, "TRUNCATE or DROP with CASCADE", check_cascade},
    {"PG025", Severity::error, "an enum value used in the transaction that adds it", check_enum_value},
    {"PG026", Severity::warning, "REFRESH MATERIALIZED VIEW without CONCURRENTLY", check_refresh},
    {"PG027", Severity::warning, "ATTACH PARTITION without a matching check", check_attach},
    {"PG028", Severity::warning, "REINDEX without CONCURRENTLY", check_reindex},
    {"PG029", Severity::warning, "a table option that writes the table anew", check_rewriting_option},
    {"PG030", Severity::warning, "VALIDATE CONSTRAINT in the transaction that adds it", check_validate},
    {"PG031", Severity::note, "an index dropped without CONCURRENTLY", check_drop_index},
    {"PG040", Severity::error, "a unique key of a distributed table without its distribution column (Citus)", check_citus_key, true},
    {"PG041", Severity::error, "a distribution column that is retyped or dropped (Citus)", check_citus_column, true},
    {"PG042", Severity::error, "a serial or identity column added to a table of a cluster (Citus)", check_citus_numbers, true},
    {"PG043", Severity::error, "a trigger on a distributed or reference table (Citus)", check_citus_trigger, true},
};

// ---- what the general rules ask --------------------------------------------------------------------------------------

/// Words that are no names without quotes (manual, appendix C: reserved, those for functions and types included).
bool is_reserved(std::string_view name) {
  static const std::set<std::string, std::less<>> words{
      "all", "analyse", "analyze", "and", "any", "array", "as", "asc", "asymmetric", "authorization", "binary", "both", "case", "cast", "check", "collate", "collation",
      "column", "concurrently", "constraint", "create", "cross", "current_catalog", "current_date", "current_role", "current_schema", "current_time", "current_timestamp",
      "current_user", "default", "deferrable", "desc", "distinct", "do", "else", "end", "except", "false", "fetch", "for", "foreign", "freeze", "from", "full", "grant",
      "group", "having", "ilike", "in", "initially", "inner", "intersect", "into", "is", "isnull", "join", "lateral", "leading", "left", "like", "limit", "localtime",
      "localtimestamp", "natural", "not", "notnull", "null", "offset", "on", "only", "or", "order", "outer", "overlaps", "placing", "primary", "references", "returning",
      "right", "select", "session_user", "similar", "some", "symmetric", "system_user", "table", "tablesample", "then", "to", "trailing", "true", "union", "unique", "user",
      "using", "variadic", "verbose", "when", "where", "window", "with"};
  return words.contains(name);
}

bool is_narrow(std::string_view type) {
  const auto plain = plain_type(type);
  return plain == "integer" || plain == "smallint" || plain == "serial" || plain == "smallserial" || plain == "serial4" || plain == "serial2";
}

std::map<QualifiedName, long long> table_rows(Connection& connection, const Schema&) {
  // reltuples is -1 until the first ANALYZE: the size tells then. A partitioned table holds what its partitions hold.
  const auto result = connection.query(R"(
    with recursive part as (
      select c.oid as root, c.oid from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm')
      union all
      select part.root, i.inhrelid from part join pg_catalog.pg_inherits i on i.inhparent = part.oid)
    select n.nspname, c.relname,
           sum(greatest(coalesce(s.n_live_tup, 0), t.reltuples, case when t.reltuples <= 0 then pg_relation_size(t.oid) / 100 else 0 end))::bigint,
           n.nspname = current_schema()
      from part
      join pg_catalog.pg_class c on c.oid = part.root
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
      join pg_catalog.pg_class t on t.oid = part.oid and t.relkind in ('r', 'm')
      left join pg_catalog.pg_stat_user_tables s on s.relid = t.oid
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     group by 1, 2, 4)");
  std::map<QualifiedName, long long> rows;
  for (const auto& row : result.rows) {
    rows[{row[3].value_or("f") == "t" ? "" : lower(row[0].value_or("")), lower(row[1].value_or(""))}] = std::atoll(row[2].value_or("0").c_str());
  }
  return rows;
}

std::map<QualifiedName, long long> table_bytes(Connection& connection) {
  // A partitioned table takes what its partitions take.
  const auto result = connection.query(R"(
    with recursive part as (
      select c.oid as root, c.oid from pg_catalog.pg_class c where c.relkind in ('r', 'p', 'm')
      union all
      select part.root, i.inhrelid from part join pg_catalog.pg_inherits i on i.inhparent = part.oid)
    select n.nspname, c.relname, sum(coalesce(pg_total_relation_size(part.oid), 0))::bigint, n.nspname = current_schema()
      from part
      join pg_catalog.pg_class c on c.oid = part.root
      join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
     group by 1, 2, 4)");
  std::map<QualifiedName, long long> bytes;
  for (const auto& row : result.rows) {
    bytes[{row[3].value_or("f") == "t" ? "" : lower(row[0].value_or("")), lower(row[1].value_or(""))}] = std::atoll(row[2].value_or("0").c_str());
  }
  return bytes;
}

/// UPDATE in batches over a primary key that is a whole number: each batch commits.
std::string batched_update(const Context& context, const parsed::Statement& update) {
  const auto* table = context.table(update.name);
  if (table == nullptr || !table->primary_key || table->primary_key->parts.size() != 1) return "";
  const auto* key = find_named(table->columns, table->primary_key->parts.front().column);
  if (key == nullptr) return "";
  const auto type = plain_type(key->type);
  if (type != "bigint" && type != "integer" && type != "smallint" && !type.ends_with("serial")) return "";
  const auto name = quote_name(update.name);
  const auto id = quote_name(key->name);
  const auto work = update.verb == Verb::remove ? "DELETE FROM " + name : "UPDATE " + name + " SET " + update.assignments;
  return "DO $$\nDECLARE\n  low bigint;\n  high bigint;\nBEGIN\n  SELECT min(" + id + "), max(" + id + ") INTO low, high FROM " + name + ";\n  WHILE low <= high LOOP\n    " + work +
         "\n    WHERE " + id + " >= low AND " + id + " < low + 10000" + (update.condition.empty() ? "" : " AND (" + update.condition + ")") +
         ";\n    COMMIT;\n    low := low + 10000;\n  END LOOP;\nEND\n$$";
}

}  // namespace

const lint::Support& lint_support() {
  static const lint::Support support{.prefix = "PG",
                                     .rules = rule_table,
                                     .fold_case = true,
                                     .longest_name = longest_name,
                                     .cuts_names = true,
                                     .indexes_foreign_keys = false,
                                     .names_constraints = true,
                                     .two_part_version = true,
                                     .reserved = is_reserved,
                                     .narrow_key = is_narrow,
                                     .table_rows = table_rows,
                                     .table_bytes = table_bytes,
                                     .batched = batched_update};
  return support;
}

}  // namespace migrate::postgresql
