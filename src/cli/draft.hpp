/// What autogenerate would write, before it is written: `revision --autogenerate` writes it, `review` shows it.
#pragma once

#include <string>
#include <vector>

#include "autogenerate/answers_file.hpp"
#include "cli/context.hpp"
#include "unit/write.hpp"

namespace migrate::cli {

/// A project's database and its model, read.
struct Sides {
  Schema live;
  Schema declared;
};

struct Draft {
  Schema declared;                   ///< as it was read, in the model's portable words
  std::vector<PlannedChange> found;  ///< the differences as they are
  Difference difference;             ///< the same with the steps that the data makes necessary
  UnitParts parts;                   ///< as SQL
  lint::Findings findings;           ///< of the upgrade's SQL; lines count from 0
  std::string not_linted;            ///< why lint did not look; ""

  /// The unit's text in a format, with findings above the statements of SQL.
  [[nodiscard]] UnitText text(UnitFormat format, const Dialect& dialect) const;
  [[nodiscard]] bool has_questions() const;
};

/// Throws Error (usage) unless the database is at a head: a unit would undo what is pending.
void require_at_head(Context& context, const std::vector<VersionRow>& rows);

/// Reads both sides of the context's target.
[[nodiscard]] Sides read_sides(Context& context);

/// --rename, --no-rename and --answers.
[[nodiscard]] Answers given_answers(Context& context);

/// What is said of something that vanished, besides the candidate that it became.
constexpr int say_dropped = -1;
constexpr int say_review = -2;
constexpr int say_kept = -3;
constexpr int say_aside = -4;

/// Asks on the terminal what becomes of a table or column that the model leaves out; `held`: what it holds, for people, or "".
[[nodiscard]] int ask_loss(const Output& output, const std::string& key, const std::string& held);

/// Asks on the terminal what the unit would have under REVIEW otherwise; true: something was said.
bool ask_about_rows(const Output& output, const std::vector<DataQuestion>& questions, DataAnswers& answers);

/// What leads from one side to the other by the given answers. Rows are counted in the database where `options` has no counter; where it
/// asks, rows are asked about too. `apart`: see render_parts.
[[nodiscard]] Draft make_draft(Context& context, Sides sides, RenameOptions options, DataAnswers answers, bool apart = false);

/// The format of --format or of the settings.
[[nodiscard]] UnitFormat format_of(Context& context);

/// The parents of a new revision: --head, or the only head; none in an empty project and for --head base.
[[nodiscard]] Ids parents_for(Context& context);

/// A revision with a new id (or that of --id) and what the options say of it.
[[nodiscard]] Revision new_revision(Context& context, const Ids& parents, const std::string& message);

/// Writes the unit and migrate.sum, and runs the hooks. Throws Error; then there is no unit.
[[nodiscard]] std::filesystem::path write_new_unit(Context& context, NewUnit unit);

}  // namespace migrate::cli
