/// An upgrade on a copy of the database: measured, reverted, and run again (docs/rehearse.md).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "library/page.hpp"
#include "library/target.hpp"
#include "revision/revision.hpp"

namespace migrate {

struct MeasuredStatement {
  std::string revision;
  Direction direction = Direction::upgrade;
  Location location;
  std::string sql;
  std::chrono::milliseconds time{0};  ///< of the statements up to here since the last one measured: what is sent together counts at the first
};

struct Hazard {
  std::string kind;  ///< "upgrade", "model", "downgrade", "schema", "loss", "again"
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
};

/// Rehearses on the target, which is a copy and is changed. Throws Error when the work itself fails; what a unit does wrong stands in
/// the result.
[[nodiscard]] Rehearsal rehearse(Target& copy, const RehearsalOptions& options, const std::function<void(const std::string&)>& phase);

[[nodiscard]] std::string rehearsal_json(const Rehearsal& rehearsal);
[[nodiscard]] std::string rehearsal_html(const Rehearsal& rehearsal);

/// What rehearsal_json() wrote. Throws Error (usage) with `file` for what is no such report.
[[nodiscard]] Rehearsal read_rehearsal(const std::string& json, const std::string& file);

/// Hazards, statements with their times, and notes: the tables of a page. Those without rows are left out.
[[nodiscard]] std::vector<PageTable> rehearsal_tables(const Rehearsal& rehearsal);

}  // namespace migrate
