/// The safety rules of PostgreSQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/lint.hpp"

namespace migrate::postgresql {

[[nodiscard]] const lint::Support& lint_support();

/// Types by one name each: "character varying(20)" -> "varchar(20)", "int4" -> "integer".
[[nodiscard]] std::string plain_type(std::string_view type);

/// Whether ALTER COLUMN TYPE writes the table anew. Unset: it depends on what is not known.
[[nodiscard]] std::optional<bool> rewrites(std::string_view from, std::string_view to);

/// Whether the expression may give every row another value.
[[nodiscard]] bool is_volatile(std::string_view expression);

/// What libpg_query says against the statement; "" when it reads it, or when it is not there. `grammar` is the server
/// version whose grammar it has (150000).
struct Syntax {
  bool known = false;
  int grammar = 0;
  std::string error;
  int position = 0;      ///< from 1, in characters
  std::string node;      ///< "AlterTableStmt"
  int actions = 0;       ///< of an ALTER TABLE
};
[[nodiscard]] Syntax check_syntax(std::string_view sql);

// ---- checks, by topic ----
void check_index(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_drop_index(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_foreign_key(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_check(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_unique(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_exclusion(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_not_null(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_validate(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_attach(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_volatile_default(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_type(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_generated(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_serial(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_rewriting_option(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_citus_key(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_citus_column(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_citus_numbers(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_citus_trigger(const lint::Context&, const lint::Rule&, lint::Findings&);

}  // namespace migrate::postgresql
