/// MariaDB's sequences.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// From SHOW CREATE SEQUENCE.
[[nodiscard]] Sequence read_sequence(std::string_view sql, const Context& context);
/// Leaves out what the server does by itself for the type.
void canonicalize_sequence(Sequence& sequence);

/// " START WITH 5 INCREMENT BY 2": everything that is not a default; with `complete` the defaults too.
[[nodiscard]] std::string sequence_clauses(const Sequence& sequence, bool complete);

/// What follows ALTER SEQUENCE name: one statement, or several where the type changes. The server takes a type alone, and only one that
/// holds the bounds of the moment.
[[nodiscard]] std::vector<std::string> alter_sequence_clauses(const Sequence& before, const Sequence& after);

}  // namespace migrate::mysql
