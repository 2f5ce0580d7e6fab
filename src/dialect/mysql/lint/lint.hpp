/// The safety rules of MySQL and MariaDB.
#pragma once

#include <string>

#include "dialect/lint.hpp"

namespace migrate::mysql {

[[nodiscard]] const lint::Support& lint_support();

/// How InnoDB carries out a change of a table, from the cheapest on.
enum class Work {
  instant,   ///< the dictionary only
  in_place,  ///< reads the table, builds indexes; everybody works on
  rebuild,   ///< writes the table anew; everybody works on
  blocking,  ///< in place, but nobody writes meanwhile
  copy       ///< copies the table row by row; nobody writes meanwhile
};

/// What the server does for one action, and for the whole ALTER TABLE or CREATE INDEX.
[[nodiscard]] Work work_of(const lint::Context& context, const parsed::Action& action);
[[nodiscard]] Work work_of(const lint::Context& context);

// ---- checks, by topic ----
void check_copy(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_rebuild(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_instant(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_blocking(const lint::Context&, const lint::Rule&, lint::Findings&);
void check_algorithm(const lint::Context&, const lint::Rule&, lint::Findings&);

}  // namespace migrate::mysql
