#include "schema/rights.hpp"

namespace migrate {

Schema without_definers(Schema schema) {
  const auto leave_out = [](auto& objects) {
    for (auto& object : objects) object.options.erase("definer");
  };
  leave_out(schema.views);
  leave_out(schema.routines);
  leave_out(schema.definitions);
  for (auto& table : schema.tables) leave_out(table.triggers);
  return schema;
}

}  // namespace migrate
