/// What is kept for the way back, as the table `<versions_table>_kept` lists it: a row for each thing that a statement took away, and
/// a table `<versions_table>_kept_N` that holds it.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "runner/versions.hpp"

namespace migrate {

struct KeptRecord {
  enum class Kind {
    table,    ///< a table that was dropped, under another name; or a copy of its rows
    rows,     ///< rows that were deleted
    columns,  ///< the values of columns that were dropped, with their key
    types,    ///< values that a change of type has changed, with their key
    values    ///< values that an UPDATE has overwritten, with their key
  };
  enum class State {
    kept,  ///< a downgrade of the revision puts it back
    left   ///< what a downgrade could not put back: it stays until its time is over
  };
  /// A foreign key that the rows obey.
  struct Parent {
    std::vector<std::string> columns;
    QualifiedName table;
    std::vector<std::string> referenced;
  };

  long long id = 0;
  std::string revision;
  Kind kind = Kind::table;
  QualifiedName object;  ///< the table, qualified where the engine has schemas
  QualifiedName kept;    ///< where it is
  std::vector<std::string> key;      ///< what tells rows apart; may be empty for rows
  std::vector<std::string> columns;  ///< whose values are kept, without the key unless whole rows are
  std::map<std::string, std::string> types;           ///< of `columns`, as they were
  std::vector<std::vector<std::string>> uniques;      ///< other keys of whole rows
  std::vector<Parent> parents;                        ///< of whole rows
  std::map<std::string, std::string> numbers;         ///< column that numbers itself: its next number
  State state = State::kept;
  std::string kept_at;
  std::string until;  ///< "" for ever

  /// "orders", "orders.note, orders.total", for people.
  [[nodiscard]] std::string text(const std::string& default_schema) const;
};

[[nodiscard]] std::string_view to_text(KeptRecord::Kind kind);
/// Throws Error (failed) for a word that to_text did not say.
[[nodiscard]] KeptRecord::Kind read_kept_kind(const std::string& text);

/// Whether the table that lists them is there. Asked outside of transactions: the question fails when it is not.
[[nodiscard]] bool has_kept_table(Connection& connection, const Versions& versions);
/// All of them, oldest first; the table must be there.
[[nodiscard]] std::vector<KeptRecord> read_kept(Connection& connection, const Versions& versions);

[[nodiscard]] std::string insert_kept_sql(const Versions& versions, const KeptRecord& record);
/// Says that this, at another place perhaps, is what could not be put back.
[[nodiscard]] std::string left_kept_sql(const Versions& versions, const KeptRecord& record);
/// Both ends of it: the table that holds it, and its row.
[[nodiscard]] std::vector<std::string> forget_kept_sql(const Versions& versions, const KeptRecord& record);

/// A line of the log about a record: "keep", "put back", "purge".
[[nodiscard]] std::string log_kept_sql(const Versions& versions, const KeptRecord& record, const std::string& action, const std::string& at, const std::string& by);

/// Records as one text, and back.
[[nodiscard]] std::string write_kept(const std::vector<KeptRecord>& records);
[[nodiscard]] std::vector<KeptRecord> read_kept(const std::string& text);

/// "2026-11-21T10:00:00Z" later than another; so many milliseconds before now.
[[nodiscard]] std::string time_after(const std::string& time, std::chrono::milliseconds by);

}  // namespace migrate
