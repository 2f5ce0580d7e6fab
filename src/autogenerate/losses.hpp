/// What becomes of tables and columns that the model leaves out: they are kept, moved aside, or have been moved aside before
/// (docs/review.md).
#pragma once

#include <string>
#include <vector>

#include "autogenerate/compare.hpp"
#include "autogenerate/data_answers.hpp"
#include "autogenerate/rename.hpp"
#include "dialect/dialect.hpp"

namespace migrate {

/// Whether a name is one that something was moved aside to: "users_aside", "users_aside2".
[[nodiscard]] bool is_aside(const std::string& name);

/// Puts into `declared` what is to be kept, as it is in `live`, and under a free name what is to be moved aside; that becomes a rename among
/// the answers of `options`. A table aside has no foreign keys to others; a column aside takes NULL, and has no default and nothing that writes it.
/// Throws Error (usage) for a name that is not there, that the model has, or of which something else is said too.
void keep_answers(const DataAnswers& answers, const Schema& live, Schema& declared, RenameOptions& options, const Dialect& dialect);

/// Puts into `declared` what was moved aside before: a comparison leaves it alone.
void keep_aside(const Schema& live, Schema& declared, const RenameOptions& options);

/// Says in the unit what is moved aside.
void note_aside(std::vector<PlannedChange>& changes);

}  // namespace migrate
