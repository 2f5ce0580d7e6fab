/// Findings as text, JSON, SARIF 2.1.0 and annotations of GitHub Actions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "lint/lint.hpp"

namespace migrate::cli {

/// What lint found in one unit or file.
struct LintedUnit {
  std::string revision;  ///< "" for a file that is no unit
  std::string file;
  lint::Findings findings;
  int allowed = 0;
};

/// What --fix did.
struct LintFixes {
  std::string file;
  std::vector<std::string> ids;
  std::string written;  ///< the unit that was written behind it, or ""
};

/// Lint over what the command's arguments name, in order: revisions, ranges, files; without any, what is pending.
/// `revisions`: those, whatever the arguments name.
[[nodiscard]] std::vector<LintedUnit> lint_units(Context& context, const std::optional<Ids>& revisions = std::nullopt);

/// "text", "json", "sarif" or "github". Throws Error (usage) for another.
void print_findings(const Output& output, const std::string& format, const std::vector<LintedUnit>& units, const std::vector<LintFixes>& fixes);

void print_rules(const Output& output, const lint::Settings& settings);

/// The finding in a few lines for people, without its place.
[[nodiscard]] std::string fix_text(const lint::Finding& finding);

}  // namespace migrate::cli
