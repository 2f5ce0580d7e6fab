/// The safety rules of SQLite.
#pragma once

#include "dialect/lint.hpp"

namespace migrate::sqlite {

[[nodiscard]] const lint::Support& lint_support();

// ---- checks, by topic ----
void check_refused_column(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_refused_alter(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_refused_drop(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_rename_first(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_copy_by_place(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_lost_objects(const lint::Context&, const lint::Rule&, lint::Findings&);

}  // namespace migrate::sqlite
