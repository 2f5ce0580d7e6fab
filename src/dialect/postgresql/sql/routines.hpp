#pragma once

#include <string>

#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// "FUNCTION name(integer, text)", as DROP, ALTER and COMMENT want it.
[[nodiscard]] std::string routine_sql(const Routine& routine);

/// Arguments and return type, which CREATE OR REPLACE may not change.
[[nodiscard]] std::string routine_signature(const std::string& definition);

/// Whether the body is SQL that the server has parsed (BEGIN ATOMIC or RETURN): it is bound to what it names.
[[nodiscard]] bool has_sql_body(const std::string& definition);

}  // namespace migrate::postgresql
