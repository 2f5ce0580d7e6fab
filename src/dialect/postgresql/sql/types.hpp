/// Type names. The canonical spelling is the short one people write: varchar(255), timestamptz, integer[]. Types that
/// are not built in are written as their bare name ("order_status", "audit.Level[]"), and quoted when rendered.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/schema.hpp"

namespace migrate::postgresql {

/// The canonical spelling. `own` holds the names of the schema's own types, which win over built-in names and aliases;
/// `default_schema` is dropped as a qualifier.
[[nodiscard]] std::string canonical_type(std::string_view type, const std::set<std::string>& own = {},
                                         std::string_view default_schema = {});

/// Whether a canonical type is one of the engine's own.
[[nodiscard]] bool is_builtin(std::string_view type);

/// The names of the engine's own types.
[[nodiscard]] std::vector<std::string> usual_names();

/// The type without "[]" and without "(...)".
[[nodiscard]] std::string element_type(std::string_view type);
[[nodiscard]] std::string base_type(std::string_view type);
[[nodiscard]] inline bool is_array(std::string_view type) { return type.ends_with("[]"); }

/// A canonical type as an argument of a routine has it: lengths are no part of those.
[[nodiscard]] inline std::string argument_type(std::string_view type) { return is_array(type) ? base_type(type) + "[]" : base_type(type); }

/// A canonical type as SQL: names that are not built in get the quotes they need.
[[nodiscard]] std::string type_sql(std::string_view type);

/// The names of all types that a schema makes: enums, domains, composite and range types.
[[nodiscard]] std::set<std::string> own_types(const Schema& schema);

[[nodiscard]] bool is_integer_type(std::string_view type);
[[nodiscard]] bool is_number_type(std::string_view type);
[[nodiscard]] bool is_text_type(std::string_view type);

/// Whether ALTER COLUMN TYPE converts by itself (an assignment cast) and never cuts a value off.
[[nodiscard]] bool converts_by_itself(std::string_view from, std::string_view to);

/// smallserial, serial, bigserial -> the integer type behind; "" for others.
[[nodiscard]] std::string serial_integer(std::string_view type);
/// The other way: integer -> serial.
[[nodiscard]] std::string serial_type(std::string_view integer_type);

}  // namespace migrate::postgresql
