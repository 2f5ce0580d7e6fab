/// A database made a copy of another: schema, rows and objects, in every direction between engines.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <vector>

#include "rows/closure.hpp"
#include "rows/mask.hpp"
#include "transfer/end.hpp"
#include "transfer/report.hpp"

namespace migrate {

enum class Verify { none, counts, full };

/// What a copy takes along.
enum class CopyKind { tables, rows, indexes, keys, checks, views, routines, triggers, sequences, comments };
[[nodiscard]] const std::vector<std::pair<std::string, CopyKind>>& copy_kinds();

struct CopyOptions {
  std::vector<std::string> tables;  ///< globs; empty: all
  std::set<CopyKind> kinds;         ///< what is wanted
  std::vector<SubsetStart> subset;  ///< rows to start from, with all that they refer to; empty: all rows
  long long rows = -1;              ///< the first rows of every table to start from; -1: all
  std::set<std::string> children;   ///< tables whose rows come along when they refer to chosen ones
  Masks masks;                      ///< by the source's names
  std::string mask_key;
  bool report_errors = false;       ///< go on behind rows and objects that do not arrive
  int jobs = 0;                     ///< sessions that move rows side by side; 0: as many as pays
  Verify verify = Verify::full;
  bool replace = false;             ///< the target may be emptied, once `confirm` has returned
  std::function<void(const std::string& question)> confirm;

  [[nodiscard]] bool is_subset() const { return !subset.empty() || rows >= 0; }
  [[nodiscard]] bool wants(CopyKind kind) const { return kinds.contains(kind); }
};

/// Told while a copy runs, by one thread at a time.
class CopyEvents {
 public:
  virtual ~CopyEvents() = default;
  virtual void phase(const std::string& what) { static_cast<void>(what); }
  /// `rows`: how many there are, -1 where that is not known.
  virtual void table_started(const std::string& table, long long rows) { static_cast<void>(table), static_cast<void>(rows); }
  virtual void rows_moved(const std::string& table, long long rows, long long bytes) { static_cast<void>(table), static_cast<void>(rows), static_cast<void>(bytes); }
  virtual void table_done(const TableReport& table) { static_cast<void>(table); }
  virtual void note(const std::string& text) { static_cast<void>(text); }
};

/// Copies. Throws Error (failed) at the first row or object that does not arrive, unless `report_errors`; Error (usage) when the
/// target is not empty, is the source itself, or holds half of another copy.
[[nodiscard]] CopyReport copy_database(Target& source, Target& target, const CopyOptions& options, CopyEvents& events);

/// What copy_database would do: tables with their rows, and what would be lost or left out. Changes nothing, but for probes on the target.
[[nodiscard]] CopyReport plan_copy(Target& source, Target& target, const CopyOptions& options);

/// The tables of `schema` that the globs name. Throws Error (usage) for a glob that names none.
void choose_tables(Schema& schema, const std::vector<std::string>& globs);

}  // namespace migrate
