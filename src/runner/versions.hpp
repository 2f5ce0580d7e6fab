/// The versions table: one row for each revision that is applied, or being applied or reverted; and its log.
#pragma once

#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/server.hpp"
#include "dialect/sql.hpp"
#include "dialect/statement.hpp"

namespace migrate {

enum class RowState {
  applied,
  upgrading,   ///< begun; `statement` statements are done
  downgrading
};

/// A row without its `downgrade` text, which is read only when it is needed.
struct VersionRow {
  std::string revision;
  std::string message;
  std::string checksum;
  RowState state = RowState::applied;
  int statement = 0;        ///< how many statements are done; the next one is in doubt if `fingerprint` is set
  std::string fingerprint;  ///< see Progress
  std::string applied_at;
  std::string applied_by;
  long long duration_ms = 0;
  std::string tool_version;

  bool operator==(const VersionRow&) const = default;
};

/// Where a run stands inside a unit that does not run in one transaction; kept as text in the `fingerprint` column.
struct Progress {
  std::string done;     ///< digest of the statements that are done, so that an edited unit is noticed
  bool in_doubt = false;  ///< the statement behind them was begun
  bool visible = false; ///< its effect can be told from the catalog
  std::string before;   ///< the catalog's fingerprint before it, or the witnesses' values with commas between them
  std::string begun;    ///< digest of the statements that were begun
  int witnesses = 0;    ///< how many statements were begun together, each with a witness; 0: one, with a fingerprint
  std::string journal;  ///< of a program (runner/journal.hpp)
  std::string session;  ///< SQL that gives a new session what the statements that are done have left in theirs
  std::vector<std::string> keep;  ///< SQL expressions whose values, as they are when the record is written, are `session`

  bool operator==(const Progress&) const = default;
};
[[nodiscard]] std::string write_progress(const Progress& progress);
[[nodiscard]] Progress read_progress(const std::string& text);

struct LogEntry {
  std::string action;    ///< "upgrade", "downgrade", "stamp", "unstamp", "resume", "repair"
  std::string revision;
  std::string outcome;   ///< "done", "failed: ..."
  std::string at;
  std::string by;        ///< user@host, process
  long long duration_ms = 0;
  std::string tool_version;
};

/// SQL over the versions table and its log, in the engine's spelling.
class Versions {
 public:
  /// `name` as in migrate.yaml, maybe qualified.
  Versions(const Dialect& dialect, const std::string& name);

  /// Names the tables with their schema from now on, so that they are found wherever a unit goes.
  void stay_in(const std::string& schema);

  [[nodiscard]] const Dialect& dialect() const { return *dialect_; }
  [[nodiscard]] const QualifiedName& table() const { return table_; }
  [[nodiscard]] const QualifiedName& log_table() const { return log_; }
  [[nodiscard]] const QualifiedName& schema_table() const { return schema_; }  ///< see runner/kept_schema.hpp
  [[nodiscard]] const QualifiedName& lock_table() const { return lock_; }      ///< see runner/lease.hpp
  /// Throws Error when rows of the tables may be hidden from our role: what is applied would not be known.
  void expect_all_rows(Connection& connection) const;
  /// The error of a statement on the framework's own tables, told as such: what could not be done, table, right and remedy.
  [[nodiscard]] DatabaseError explain(const DatabaseError& error, const std::string& what) const;
  /// Whether a name is one of the framework's own tables.
  [[nodiscard]] bool owns(const QualifiedName& name) const;
  /// Whether a table says something of this database alone, so that a copy of the database has none of it: the lease, the schema that
  /// drift knows, how far a copy is.
  [[nodiscard]] bool stays_here(const QualifiedName& name) const;
  [[nodiscard]] const QualifiedName& copy_table() const { return copy_; }      ///< see rows/progress.hpp
  [[nodiscard]] const QualifiedName& kept_table() const { return kept_; }      ///< see runner/kept_records.hpp
  /// The table that holds what was kept under that number, in a schema; its indexes and sequences begin with the same name.
  [[nodiscard]] QualifiedName kept_table(const std::string& schema, long long number) const { return {schema, kept_.name + "_" + std::to_string(number)}; }
  /// Whether a name, in any schema, is one of what is kept for the way back: nobody sees it but `kept`, `purge` and a downgrade.
  [[nodiscard]] bool is_kept(const QualifiedName& name) const;

  /// All rows, in the order they were applied. One round trip; no table is no rows, and `exists` tells.
  [[nodiscard]] std::vector<VersionRow> read(Connection& connection, bool* exists = nullptr) const;
  [[nodiscard]] std::string read_downgrade(Connection& connection, const std::string& revision) const;
  [[nodiscard]] std::vector<LogEntry> read_log(Connection& connection, int limit) const;

  /// CREATE TABLE statements of the versions table and the log.
  [[nodiscard]] std::vector<std::string> create_sql(const ServerInfo& server) const;
  /// CREATE TABLE of the table for the kept schema, and a query that fails when it is not there.
  [[nodiscard]] std::vector<std::string> create_schema_sql(const ServerInfo& server) const;
  [[nodiscard]] std::string schema_probe_sql() const;
  /// CREATE TABLE of the table that lists what is kept, and a query that fails when it is not there.
  [[nodiscard]] std::vector<std::string> create_kept_sql(const ServerInfo& server) const;
  [[nodiscard]] std::string kept_probe_sql() const;
  /// CREATE TABLE of the table for leases.
  [[nodiscard]] std::vector<std::string> create_lock_sql(const ServerInfo& server) const;

  [[nodiscard]] std::string insert_sql(const VersionRow& row, const std::string& downgrade) const;
  /// The row of a step that is begun, new or there already, with its first progress, as progress_sql would write it behind it.
  [[nodiscard]] std::string insert_begun_sql(const VersionRow& row, const std::string& downgrade, int statement, const Progress& progress,
                                             const std::vector<std::string>& expressions) const;
  [[nodiscard]] std::string state_begun_sql(const std::string& revision, RowState state, int statement, const Progress& progress,
                                            const std::vector<std::string>& expressions) const;
  /// `expressions`: SQL whose values, as they are when it runs, stand for `progress.before`.
  [[nodiscard]] std::string progress_sql(const std::string& revision, int statement, const Progress& progress,
                                         const std::vector<std::string>& expressions = {}) const;
  /// Sets the state of a row; for `applied` also its time, duration and an empty progress.
  [[nodiscard]] std::string state_sql(const std::string& revision, RowState state, const std::string& at = {}, long long duration_ms = 0) const;
  [[nodiscard]] std::string checksum_sql(const std::string& revision, const std::string& checksum) const;
  /// Sets what a row keeps of its unit, for one that was mended after it had begun.
  [[nodiscard]] std::string unit_sql(const std::string& revision, const std::string& checksum, const std::string& downgrade) const;
  [[nodiscard]] std::string delete_sql(const std::string& revision) const;
  [[nodiscard]] std::string log_sql(const LogEntry& entry) const;
  [[nodiscard]] std::string row_sql(const std::string& revision) const;  ///< SELECT of one row's state
  [[nodiscard]] std::string select_sql() const;

 private:
  [[nodiscard]] std::vector<std::string> create_tables_sql(Schema schema, const ServerInfo& server) const;
  [[nodiscard]] std::string insert_sql(const VersionRow& row, const std::string& downgrade, int statement, const std::string& fingerprint) const;
  /// What stands in the column for a progress, as SQL.
  [[nodiscard]] std::string fingerprint_sql(const Progress& progress, const std::vector<std::string>& expressions) const;
  [[nodiscard]] std::string text(const std::string& value) const { return dialect_->sql().quote_value(value); }

  const Dialect* dialect_;
  QualifiedName table_;
  QualifiedName log_;
  QualifiedName schema_;
  QualifiedName lock_;
  QualifiedName copy_;
  QualifiedName kept_;
};

/// Who runs this: "deploy@host, process 4711".
[[nodiscard]] std::string who_runs();

/// CREATE TABLE IF NOT EXISTS of tables of our own, which survive a crash and hold any text; `last` is made behind the others.
[[nodiscard]] std::vector<std::string> own_tables_sql(const Dialect& dialect, Schema schema, const ServerInfo& server, const QualifiedName& last = {});

}  // namespace migrate
