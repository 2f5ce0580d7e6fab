/// Where owners and privileges stand in a schema value.
#pragma once

#include <algorithm>
#include <set>

#include "migrate/schema.hpp"
#include "schema/lookup.hpp"

namespace migrate {

/// Calls `each(place, declaration)` for every object that can have an owner or privileges, and for every column.
template <class SchemaValue, class F>
void for_each_access(SchemaValue& schema, const F& each) {
  using Kind = AccessPlace::Kind;
  for (auto& type : schema.enums) each(AccessPlace{Kind::type, type.name, {}}, type.declared);
  for (auto& type : schema.domains) each(AccessPlace{Kind::type, type.name, {}}, type.declared);
  for (auto& type : schema.definitions) {
    if (type.kind == "type") each(AccessPlace{Kind::type, type.name, {}}, type.declared);
  }
  for (auto& sequence : schema.sequences) each(AccessPlace{Kind::sequence, sequence.name, {}}, sequence.declared);
  for (auto& routine : schema.routines) {
    each(AccessPlace{routine.kind == Routine::Kind::procedure ? Kind::procedure : Kind::function, routine.name, routine.arguments}, routine.declared);
  }
  for (auto& table : schema.tables) {
    each(AccessPlace{Kind::table, table.name, {}}, table.declared);
    for (auto& column : table.columns) each(AccessPlace{Kind::column, table.name, column.name}, column.declared);
  }
  for (auto& view : schema.views) each(AccessPlace{view.materialized ? Kind::materialized_view : Kind::view, view.name, {}}, view.declared);
}

/// The declaration of the object; null where there is none (schemas and defaults have none).
[[nodiscard]] Declaration* declaration_of(Schema& schema, const AccessPlace& place);

/// Whether the schema says anything of owners or privileges.
[[nodiscard]] bool says_access(const Schema& schema);

/// Of inspected access what a model has to say: owners that are not the role in hand, privileges that nothing has from the start.
void leave_out_implied(Schema& schema);

}  // namespace migrate
