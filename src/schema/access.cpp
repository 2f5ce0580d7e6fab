#include "schema/access.hpp"

namespace migrate {

Declaration* declaration_of(Schema& schema, const AccessPlace& place) {
  using Kind = AccessPlace::Kind;
  const auto named = [&](auto& items) -> Declaration* {
    auto* object = find_named(items, place.name);
    return object == nullptr ? nullptr : &object->declared;
  };
  switch (place.kind) {
    case Kind::table: return named(schema.tables);
    case Kind::view:
    case Kind::materialized_view: return named(schema.views);
    case Kind::sequence: return named(schema.sequences);
    case Kind::column: {
      auto* table = find_named(schema.tables, place.name);
      auto* column = table == nullptr ? nullptr : find_named(table->columns, place.part);
      return column == nullptr ? nullptr : &column->declared;
    }
    case Kind::function:
    case Kind::procedure: {
      const auto it = std::find_if(schema.routines.begin(), schema.routines.end(), [&](const Routine& routine) {
        return routine.name == place.name && routine.arguments == place.part && (routine.kind == Routine::Kind::procedure) == (place.kind == Kind::procedure);
      });
      return it == schema.routines.end() ? nullptr : &it->declared;
    }
    case Kind::type: {
      if (auto* found = named(schema.enums)) return found;
      if (auto* found = named(schema.domains)) return found;
      const auto it = std::find_if(schema.definitions.begin(), schema.definitions.end(), [&](const Definition& type) { return type.kind == "type" && type.name == place.name; });
      return it == schema.definitions.end() ? nullptr : &it->declared;
    }
    case Kind::schema:
    case Kind::defaults: break;
  }
  return nullptr;
}

bool says_access(const Schema& schema) {
  bool says = !schema.access.places.empty();
  for_each_access(schema, [&](const AccessPlace&, const Declaration& declared) { says = says || declared.access.has_value(); });
  return says;
}

namespace {

void leave_out_implied(const SchemaAccess& all, const AccessPlace& place, Access& access) {
  if (access.grants) {
    const auto it = all.implied.find(place.kind);
    auto implied = it == all.implied.end() ? std::vector<Grant>{} : it->second;
    const auto owner = access.owner.value_or(all.role);
    for (auto& grant : implied) {
      if (grant.to.empty()) grant.to = owner;
    }
    std::sort(implied.begin(), implied.end());
    auto& grants = *access.grants;
    const auto take = [](std::vector<Grant>& from, const std::string& who) {
      std::vector<Grant> out;
      std::copy_if(from.begin(), from.end(), std::back_inserter(out), [&](const Grant& grant) { return grant.to == who; });
      std::erase_if(from, [&](const Grant& grant) { return grant.to == who; });
      return out;
    };
    const auto owners = take(grants, owner);
    const auto usual = take(implied, owner);
    take(grants, all.role);  // a model is compared without what the role in hand has
    if (owner != all.role && owners != usual) grants.insert(grants.end(), owners.begin(), owners.end());
    std::sort(grants.begin(), grants.end());
    if (grants == implied) access.grants.reset();
  }
  if (access.owner == all.role || place.kind == AccessPlace::Kind::column) access.owner.reset();
}

}  // namespace

void leave_out_implied(Schema& schema) {
  for_each_access(schema, [&](const AccessPlace& place, Declaration& declared) {
    if (!declared.access) return;
    leave_out_implied(schema.access, place, *declared.access);
    if (*declared.access == Access{}) declared.access.reset();
  });
  for (auto& [place, access] : schema.access.places) leave_out_implied(schema.access, place, access);
  std::erase_if(schema.access.places, [](const auto& said) { return said.second == Access{}; });
}

}  // namespace migrate
