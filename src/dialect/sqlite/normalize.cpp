#include "dialect/sqlite/normalize.hpp"

#include "core/text.hpp"
#include "dialect/sqlite/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::sqlite {
namespace {

void take_live_triggers(std::vector<Trigger>& triggers, const std::vector<Trigger>& live) {
  for (auto& trigger : triggers) {
    const Trigger* other = find_named(live, trigger.name);
    if (other != nullptr && same_sql(trigger.definition, other->definition)) trigger.definition = other->definition;
  }
}

}  // namespace

Schema normalize(const Schema& objects, const Schema& declared, const Schema& live) {
  static_cast<void>(declared);
  Schema result = objects;
  for (auto& table : result.tables) {
    if (const Table* other = find_named(live.tables, table.name)) take_live_triggers(table.triggers, other->triggers);
  }
  for (auto& view : result.views) {
    const View* other = find_named(live.views, view.name);
    if (other == nullptr) continue;
    if (same_sql(view.definition, other->definition)) view.definition = other->definition;
    take_live_triggers(view.triggers, other->triggers);
  }
  for (auto& definition : result.definitions) {
    const Definition* other = find_named(live.definitions, definition.name);
    if (other != nullptr && same_sql(definition.definition, other->definition)) definition.definition = other->definition;
  }
  return result;
}

}  // namespace migrate::sqlite
