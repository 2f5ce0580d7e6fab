/// A plan in a file: what `upgrade --to-plan` wrote, a person reviewed, and `upgrade --plan` runs byte for byte.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "library/target.hpp"
#include "runner/step.hpp"

namespace migrate::cli {

struct PlanFile {
  std::string digest;         ///< of everything that matters in it
  std::string engine;         ///< the URL's scheme, host, port and database: which database it is for
  std::string host;
  int port = 0;
  std::string database;
  std::string versions_table;
  std::vector<std::pair<std::string, std::string>> from;  ///< what is applied, with checksums
  std::vector<Step> steps;

  /// How rows of this plan are marked in `applied_by`.
  [[nodiscard]] std::string mark() const { return "plan " + digest.substr(0, 12); }
};

/// The plan for the database as `rows` say it is.
[[nodiscard]] PlanFile make_plan(Target& target, const std::vector<VersionRow>& rows, std::vector<Step> steps);

/// What stands in the file of a plan.
[[nodiscard]] std::string plan_text(const Project& project, const PlanFile& plan);

/// Throws Error (usage) when it is not a plan, or was edited.
[[nodiscard]] PlanFile read_plan(const std::filesystem::path& file, const Project& project);

/// The steps that are left of the plan. Throws Error: it is for another database, the database is not where the plan starts
/// (nor part of the way along it, by this plan), a unit is not the one that was planned.
[[nodiscard]] std::vector<Step> remaining_steps(Target& target, const PlanFile& plan, const std::vector<VersionRow>& rows);

}  // namespace migrate::cli
