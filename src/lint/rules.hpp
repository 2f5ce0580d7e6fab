/// The rules that hold on every engine.
#pragma once

#include "dialect/lint.hpp"

namespace migrate::lint {

[[nodiscard]] std::span<const Rule> common_rules();

// Rules about a whole unit or about lint itself; src/lint/lint.cpp finds them.
inline constexpr Rule no_way_back{"ALL006", Severity::warning, "no way back: the downgrade is missing or empty", nullptr};
inline constexpr Rule bad_allow{"ALL090", Severity::error, "a finding allowed without a reason, or a rule that is not known", nullptr};

// ---- checks, by topic ----
void check_drop_table(const Context&, const Rule&, Findings&);
void check_drop_column(const Context&, const Rule&, Findings&);
void check_drop_schema(const Context&, const Rule&, Findings&);
void check_narrowing(const Context&, const Rule&, Findings&);
void check_unresolved_rename(const Context&, const Rule&, Findings&);
void check_truncate(const Context&, const Rule&, Findings&);
void check_rename_table(const Context&, const Rule&, Findings&);
void check_rename_column(const Context&, const Rule&, Findings&);
void check_required_column(const Context&, const Rule&, Findings&);
void check_tightened(const Context&, const Rule&, Findings&);
void check_no_where(const Context&, const Rule&, Findings&);
void check_backfill(const Context&, const Rule&, Findings&);
void check_data_with_ddl(const Context&, const Rule&, Findings&);
void check_key_index(const Context&, const Rule&, Findings&);
void check_duplicate_index(const Context&, const Rule&, Findings&);
void check_redundant_index(const Context&, const Rule&, Findings&);
void check_narrow_key(const Context&, const Rule&, Findings&);
void check_reserved(const Context&, const Rule&, Findings&);
void check_long_name(const Context&, const Rule&, Findings&);
void check_unnamed(const Context&, const Rule&, Findings&);
void check_transaction_control(const Context&, const Rule&, Findings&);

}  // namespace migrate::lint
