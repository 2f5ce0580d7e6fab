/// Safety rules as values: what each looks for, what it claims, and the function that finds it. The rules of one engine
/// stand in its dialect; those that hold everywhere in src/lint.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/parsed.hpp"
#include "dialect/statement.hpp"
#include "operation/operation.hpp"

namespace migrate::lint {

enum class Severity { note, warning, error };
[[nodiscard]] std::string_view to_text(Severity severity);

/// What a statement becomes. `later` does its work only outside of the unit's transaction: it goes to a unit of its own
/// where this one has a transaction.
struct Fix {
  std::optional<Operation> operation;   ///< set: the statements are what renders it; whoever runs the rules asks for them
  std::vector<std::string> statements;  ///< in place of the statement
  std::vector<std::string> later;
  std::vector<std::string> undo;        ///< on the way back, in front of the rest
  std::vector<std::string> undo_later;  ///< on the way back of `later`, in order
  std::string moved;                    ///< the index or constraint that `later` makes: its DROP on the way back moves along
  std::size_t swallows = 0;             ///< statements right behind that are part of it now
  bool unique = false;                  ///< `later` makes a unique index: foreign keys and upserts behind it need that
  bool ordered = false;                 ///< statements behind it that name the table may need what `later` does
  bool automatic = true;                ///< false: shown, but --fix does not write it
};

struct Finding {
  std::string id;
  Severity severity = Severity::warning;
  std::string effect;        ///< one sentence
  std::optional<Fix> fix;
  std::string hint;          ///< what to do where no SQL says it
  std::string statement;
  Location location;
  std::size_t at = 0;        ///< the statement's place in its section
  bool way_back = false;     ///< it stands in the downgrade
};

struct Rule;

/// What is known beside the statements.
struct Facts {
  ServerInfo server;
  int version = 0;              ///< server.version_number, or what migrate.yaml says, or 0: not known
  bool connected = false;       ///< `rows` is complete: a table that is not in it is not there
  std::map<QualifiedName, long long> rows;  ///< estimates, by lower-case name
  long long big_table = 50'000;
  bool kept = false;                        ///< what statements take away is kept for the way back (`keep:` in migrate.yaml)

};

/// A statement of a section, read.
struct Item {
  migrate::Statement source;
  parsed::Statement parsed;
  StatementClass kind = StatementClass::other;
};

/// What a rule looks at: one statement among those of its section, and the schema as it is in front of it.
struct Context {
  const Dialect& dialect;
  const Facts& facts;
  const Schema& state;                     ///< may be incomplete when nothing is connected
  const std::set<QualifiedName>& created;  ///< tables made in this unit, in front of the statement
  std::span<const Item> items;
  std::size_t at = 0;
  bool transaction = true;                 ///< the section runs in one transaction

  [[nodiscard]] const Item& item() const { return items[at]; }
  [[nodiscard]] const parsed::Statement& parsed() const { return items[at].parsed; }
  [[nodiscard]] std::string_view sql() const { return items[at].source.text; }
  [[nodiscard]] std::string_view text(parsed::Range range) const { return sql().substr(range.begin, range.end - range.begin); }

  /// The table as it is, or null when it is not known.
  [[nodiscard]] const Table* table(const QualifiedName& name) const;
  [[nodiscard]] const Column* column(const QualifiedName& table, std::string_view name) const;
  /// Whether both names mean the same table on this server.
  [[nodiscard]] bool same(const QualifiedName& a, const QualifiedName& b) const;
  /// Made in this unit, or by another that is pending too, so that nobody else uses it.
  [[nodiscard]] bool fresh(const QualifiedName& name) const;
  /// Fresh, or known to hold few rows: what a lock or a rewrite costs does not matter.
  [[nodiscard]] bool small(const QualifiedName& name) const;
  [[nodiscard]] std::optional<long long> rows(const QualifiedName& name) const;
  /// "orders", or "orders (80 million rows)".
  [[nodiscard]] std::string shown(const QualifiedName& name) const;
  [[nodiscard]] std::string quote(const QualifiedName& name) const { return dialect.sql().quote_name(name); }
  [[nodiscard]] std::string quote(std::string_view name) const { return dialect.sql().quote_name(name); }
  [[nodiscard]] std::string quote_list(const std::vector<std::string>& names) const;

  /// The actions of that kind, when the statement is an ALTER TABLE.
  [[nodiscard]] std::vector<std::reference_wrapper<const parsed::Action>> altered(parsed::Action::Kind kind) const;
  /// The ALTER with one action replaced (or, by "", left out); empty when no action is left.
  [[nodiscard]] std::string with_action(const parsed::Action& action, std::string_view replacement) const;
  /// The ALTER with this action only.
  [[nodiscard]] std::string only_action(std::string_view text) const;
};

using Findings = std::vector<Finding>;

struct Rule {
  std::string_view id;
  Severity severity = Severity::warning;
  std::string_view title;  ///< what is found, a few words
  void (*check)(const Context& context, const Rule& rule, Findings& findings) = nullptr;
  bool downgrade = false;  ///< looked for on the way back too
};

/// Reports about the statement in hand.
Finding& report(const Context& context, const Rule& rule, Findings& findings, std::string effect);

/// What the rules need to know of an engine, and its own rules.
struct Support {
  std::string_view prefix;                    ///< of its ids: "PG"
  std::span<const Rule> rules;
  bool fold_case = false;
  std::size_t longest_name = 0;               ///< in bytes; 0: no limit
  bool cuts_names = false;                    ///< a longer one is cut and not refused
  bool indexes_foreign_keys = false;          ///< the engine makes the index of a foreign key
  bool names_constraints = true;              ///< constraints are dropped by name
  bool two_part_version = false;              ///< 15.4 is 150004, not 150400
  bool (*reserved)(std::string_view name) = nullptr;
  /// Whether a key of that type has 32 bits or less; null: keys are always wide.
  bool (*narrow_key)(std::string_view type) = nullptr;
  /// Estimates of the rows of all tables, in canonical names.
  std::map<QualifiedName, long long> (*table_rows)(Connection& connection, const Schema& schema) = nullptr;
  /// Bytes that the tables take with their indexes, as the engine knows or estimates them; those that it cannot tell are left out.
  std::map<QualifiedName, long long> (*table_bytes)(Connection& connection) = nullptr;
  /// UPDATE of `table` in batches of rows, written out as SQL; "" where the engine has no way to.
  std::string (*batched)(const Context& context, const parsed::Statement& update) = nullptr;
};

/// The name as tables are looked up: lower case, without the default schema.
[[nodiscard]] QualifiedName key_of(const QualifiedName& name, const ServerInfo& server);

/// "80 million", "1,234".
[[nodiscard]] std::string count_text(long long count);

/// Whether values of type `from` may not fit into `to`; false when that cannot be told.
[[nodiscard]] bool narrows(std::string_view from, std::string_view to);

}  // namespace migrate::lint
