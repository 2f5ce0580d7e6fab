/// Reads the CREATE TABLE text that the server prints.
#pragma once

#include <string_view>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// The table in canonical form. `context.collation` is the database's. Throws Error (failed) for text that the server
/// would not print.
[[nodiscard]] Table read_create_table(std::string_view sql, const Context& context);

/// What the server adds by itself for periods, left out or put in: columns of a period are NOT NULL, and the keys of a table whose row
/// start and end are columns end in the row's end.
void settle_periods(Table& table);

/// InnoDB does not look at the KEY_BLOCK_SIZE of a key, which the server writes where the table's was another when the key was made.
void leave_out_block_sizes(Table& table, const Context& context);

/// A partition clause (what follows PARTITION BY) in normal form.
[[nodiscard]] std::string normal_partitions(std::string_view sql, const Context& context, const std::vector<std::string>& columns);

/// A default, an ON UPDATE or any expression that may be a bare function: now() and its like become current_timestamp(n).
[[nodiscard]] std::string normal_default(std::string_view sql, const Context& context, const std::vector<std::string>& columns = {});

}  // namespace migrate::mysql
