/// What is done around one statement so that what it takes away is kept; worked out from the catalog as it is in front of it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runner/keep_loss.hpp"
#include "runner/kept_records.hpp"
#include "runner/session.hpp"

namespace migrate {

/// Of the step in hand.
struct KeepContext {
  Session* session = nullptr;
  const Versions* versions = nullptr;
  std::string revision;
  bool in_transaction = true;  ///< the step is one transaction
  std::string at, until;       ///< of what is kept now
  std::string by;              ///< who runs, for the log
  long long last_id = 0;       ///< the highest number that is given out

  [[nodiscard]] Connection& connection() const { return session->connection(); }
  [[nodiscard]] const Dialect& dialect() const { return session->dialect(); }
  [[nodiscard]] std::string quote(const QualifiedName& name) const { return dialect().sql().quote_name(name); }
  [[nodiscard]] std::string quote(const std::string& name) const { return dialect().sql().quote_name(name); }
  /// A number that nothing has yet.
  long long next_id();
  /// The table as it is, its name with its schema where there are such; nothing when there is none of that name.
  [[nodiscard]] std::optional<Table> look(const QualifiedName& name) const;
  /// All tables of the schema that a table is in; ours are not among them.
  [[nodiscard]] std::vector<Table> neighbours(const Table& table) const;
};

/// A table whose values are kept in ranges of its key, each of which commits.
struct KeptRange {
  std::string table, target;  ///< as SQL
  std::vector<std::string> key, columns;  ///< as SQL
};

struct KeepPlan {
  std::vector<KeptRecord> records;
  std::vector<std::string> ahead;     ///< definitions: the tables that will hold it
  std::vector<KeptRange> ranges;      ///< what is copied ahead where statements commit one by one
  std::vector<std::string> catch_up;  ///< what changed since, in one transaction in front of every try
  std::vector<std::string> fill;      ///< rows, in the statement's transaction or in front of it
  std::vector<std::string> instead;   ///< in place of the statement
  bool replaced = false;
  bool together = false;              ///< `fill` and the statement are one transaction
  std::vector<std::string> prune;     ///< behind it: what was not taken after all
  std::string cannot;                 ///< what is not kept, and why; "" when there is nothing to keep, or it is
  std::string beside;                 ///< what else may go that no text shows: a trigger's side effects

  [[nodiscard]] bool keeps() const { return !records.empty(); }
};

[[nodiscard]] KeepPlan plan_keep(KeepContext& context, const Loss& loss, const Statement& statement);

/// The start of a statement, for messages.
[[nodiscard]] std::string start_of(const Statement& statement);

[[nodiscard]] std::string write_plan(const KeepPlan& plan);
[[nodiscard]] KeepPlan read_plan(const std::string& text);

/// Whether rows can be told apart while those columns change.
[[nodiscard]] bool has_key_without(const Table& table, const std::vector<std::string>& columns);
/// Whether a table may be read in ranges of that key by literals of its values.
[[nodiscard]] bool has_plain_key(const Table& table, const std::vector<std::string>& key);
/// CREATE TABLE for columns of a table, with the key as its primary key.
[[nodiscard]] std::string create_kept_sql(const KeepContext& context, const Table& table, const QualifiedName& name, const std::vector<std::string>& key,
                                          const std::vector<std::string>& columns);

}  // namespace migrate
