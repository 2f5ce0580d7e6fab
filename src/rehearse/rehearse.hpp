/// An upgrade on a copy of the database: measured, reverted, and run again (docs/rehearse.md).
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "dialect/measure.hpp"
#include "library/page.hpp"
#include "library/target.hpp"
#include "rehearse/settings.hpp"
#include "revision/revision.hpp"

namespace migrate {

/// A lock that a statement took on a table that was there before its unit, or made stronger.
struct MeasuredLock {
  std::string table;  ///< "" for the whole database
  std::string mode;   ///< as the engine calls it
  Waits waits = Waits::nobody;
  std::chrono::milliseconds time{0};  ///< until it was gone: the end of the statement, or of its transaction
};

/// A table that has its rows in another file than before the statement.
struct Rewrite {
  std::string table;
  std::optional<long long> bytes;  ///< of the new one
};

struct MeasuredStatement {
  std::string revision;
  Direction direction = Direction::upgrade;
  Location location;
  std::string sql;
  std::chrono::milliseconds time{0};
  std::optional<long long> rows;       ///< inserted, changed and deleted, by triggers and keys too where the engine counts them
  std::vector<MeasuredLock> locks;
  std::vector<Rewrite> rewrites;
  std::optional<long long> log_bytes;  ///< that the whole server has written meanwhile
};

struct Hazard {
  std::string kind;  ///< "upgrade", "model", "downgrade", "schema", "loss", "again", "rule", "budget", "right"
  std::string revision;
  Location location;
  std::string text;
};

struct Rehearsal {
  std::string source, copy;  ///< URLs for people
  std::vector<MeasuredStatement> statements;
  std::vector<Hazard> hazards;
  std::vector<std::string> notes;
  std::optional<Error> failure;  ///< of the upgrade
};

struct RehearsalOptions {
  std::string revision = "head";
  bool down = true;
  Budgets budgets;
  std::map<QualifiedName, std::string> owned_by_others;  ///< in the database rehearsed: the copy is all ours
};

/// Rehearses on the target, which is a copy that nobody else uses and is changed. Throws Error when the work itself fails; what a unit
/// does wrong stands in the result.
[[nodiscard]] Rehearsal rehearse(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase);

/// What of a statement is over its budget, a sentence each.
[[nodiscard]] std::vector<std::string> over_budget(const MeasuredStatement& statement, const Budgets& budgets);

[[nodiscard]] std::string rehearsal_json(const Rehearsal& rehearsal);
[[nodiscard]] std::string rehearsal_html(const Rehearsal& rehearsal);
/// What was measured of a statement beside its time, a line each.
[[nodiscard]] std::vector<std::string> describe_measures(const MeasuredStatement& statement);

/// What rehearsal_json() wrote. Throws Error (usage) with `file` for what is no such report.
[[nodiscard]] Rehearsal read_rehearsal(const std::string& json, const std::string& file);

/// Hazards, statements with their times, and notes: the tables of a page. Those without rows are left out.
[[nodiscard]] std::vector<PageTable> rehearsal_tables(const Rehearsal& rehearsal);

}  // namespace migrate
