/// Lint: safety rules over the statements of units.
///
///     Linter linter(dialect, facts, settings, schema);
///     for (unit : pending, in order) findings = linter.check(unit, sections);
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/yaml.hpp"
#include "dialect/lint.hpp"
#include "unit/sql_unit.hpp"

namespace migrate::lint {

/// migrate.yaml's `lint:`.
/// Findings that migrate.yaml says are all right: of these rules, in these revisions (none: in all).
struct AllowedFinding {
  std::vector<std::string> rules;
  std::vector<std::string> revisions;
  std::string reason;
  Location location;
};

struct Settings {
  std::map<std::string, std::optional<Severity>> rules;  ///< by id; nothing: off
  std::vector<AllowedFinding> allowed;
  std::optional<Severity> fail_on = Severity::warning;   ///< the least severity that makes exit code 3; nothing: never
  long long big_table = 50'000;                          ///< rows from which on locks and rewrites matter
  std::string version;                                   ///< the oldest server that the units have to run on
  std::string format = "text";
  bool transactions = true;                              ///< units run in transactions (migrate.yaml's `transaction:`)
};

/// Throws Error (usage) with the place in `file` for an unknown key, rule or value.
[[nodiscard]] Settings read_settings(const yaml::Node& node, const std::string& file);

/// Every rule of every engine, with the general ones first.
[[nodiscard]] std::vector<const Rule*> all_rules();
[[nodiscard]] const Rule* find_rule(std::string_view id);

/// "15.4" as the server would number it: 150004 for PostgreSQL, 101106 for "10.11.6". 0 for what is no version.
[[nodiscard]] int version_number(std::string_view text, const Support& support);

struct Report {
  Findings findings;   ///< in the order of the unit
  int allowed = 0;     ///< silenced by comments
};

/// Follows units in order and checks them.
class Linter {
 public:
  Linter(const Dialect& dialect, Facts facts, Settings settings, Schema state)
      : dialect_(dialect), facts_(std::move(facts)), settings_(std::move(settings)), state_(std::move(state)) {}

  /// Checks the sections that run on `engines`, both directions, and makes the upgrade's changes in the state. `text` is the
  /// unit's file, for what stands in front of its first section.
  [[nodiscard]] Report check(const SqlUnit& unit, std::string_view text, std::span<const std::string> engines);

  /// The same for statements that no SQL section holds: a C++ unit's. `text` is its source, for comments that allow findings.
  [[nodiscard]] Report check(const std::vector<Statement>& statements, const Revision& revision, std::string_view text);

  /// Makes the unit's changes without checking it.
  void follow(const SqlUnit& unit, std::span<const std::string> engines);
  void follow(const std::vector<Statement>& statements);

  [[nodiscard]] const Schema& state() const { return state_; }
  [[nodiscard]] const Facts& facts() const { return facts_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] const Dialect& dialect() const { return dialect_; }

 private:
  const Dialect& dialect_;
  Facts facts_;
  Settings settings_;
  Schema state_;
};

/// The statements of a section, read.
[[nodiscard]] std::vector<Item> items_of(const SqlSection& section, const Dialect& dialect);

[[nodiscard]] std::vector<Item> items_of(std::vector<Statement> statements, const Dialect& dialect);

/// The section for an engine, or null: none is, or it says `none`.
[[nodiscard]] const SqlSection* section_of(const SqlUnit& unit, Direction direction, std::span<const std::string> engines);

}  // namespace migrate::lint
