#include "autogenerate/dependencies.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "core/text.hpp"
#include "dialect/sql/references.hpp"

namespace migrate {
namespace {

using Kind = ObjectId::Kind;

enum Phase { type_phase = 10, domain_phase = 12, sequence_phase = 14, routine_phase = 20, table_phase = 30, view_phase = 40, trigger_phase = 50 };

bool same_name(const std::string& a, const std::string& b) { return equal_ignoring_case(a, b); }

/// Whether the needed object is this one. A text may write the default schema's name, which names of objects do not.
bool is_meant(const ObjectId& needed, const ObjectId& object) {
  return needed.kind == object.kind && same_name(needed.name.name, object.name.name) &&
         (same_name(needed.name.schema, object.name.schema) || (!needed.name.schema.empty() && object.name.schema.empty())) &&
         (needed.part.empty() || object.part.empty() || needed.part == object.part);
}

void add(std::vector<Need>& needs, std::string_view sql, const LexicalRules& rules, TextKind text = TextKind::query) {
  for (auto& object : references_in(sql, rules, text)) needs.push_back({std::move(object), {}});
}

std::vector<ObjectId> objects_of(const std::vector<Need>& needs) {
  std::vector<ObjectId> objects;
  for (const auto& need : needs) objects.push_back(need.on);
  return objects;
}

ObjectId id_of(const Definition& definition) {
  if (definition.kind == "type") return {.kind = Kind::type, .name = definition.name, .part = {}};
  if (definition.kind == "aggregate") return {.kind = Kind::routine, .name = definition.name, .part = {}};
  const bool relation = definition.kind == "virtual table" || definition.kind == "foreign table";
  return relation ? ObjectId{.kind = Kind::relation, .name = definition.name, .part = {}} : ObjectId{.kind = Kind::definition, .name = definition.name, .part = definition.kind};
}

}  // namespace

const std::vector<Need>* Needs::told(const ObjectId& object) const {
  static const std::vector<Need> nothing;
  const auto it = told_.needs.find(object);
  return it != told_.needs.end() ? &it->second : told_.complete ? &nothing : nullptr;
}

std::vector<Need> Needs::of(const View& view) const {
  if (const auto* known = told({.kind = Kind::relation, .name = view.name, .part = {}})) return *known;
  std::vector<Need> needs;
  add(needs, view.definition, rules_);
  return needs;
}

/// No engine tells what the text of a body needs.
std::vector<Need> Needs::of(const Routine& routine) const {
  std::vector<Need> needs;
  if (const auto* known = told({.kind = Kind::routine, .name = routine.name, .part = routine.arguments})) needs = *known;
  add(needs, routine.definition, rules_, TextKind::program);
  return needs;
}

std::vector<Need> Needs::bound(const Routine& routine) const {
  const auto* known = told({.kind = Kind::routine, .name = routine.name, .part = routine.arguments});
  return known == nullptr ? std::vector<Need>{} : *known;
}

bool Needs::calls(const std::vector<Need>& needs, const Routine& routine) const {
  return std::any_of(needs.begin(), needs.end(), [&](const Need& need) { return is_meant(need.on, {.kind = Kind::routine, .name = routine.name, .part = routine.arguments}); });
}

std::vector<Need> Needs::of(const Domain& domain) const {
  if (const auto* known = told({.kind = Kind::type, .name = domain.name, .part = {}})) return *known;
  std::vector<Need> needs;
  add(needs, domain.type, rules_, TextKind::type);
  if (domain.default_value && domain.default_value->expression) add(needs, domain.default_value->text, rules_);
  for (const auto& check : domain.checks) add(needs, check.expression, rules_);
  return needs;
}

std::vector<Need> Needs::of(const Definition& definition) const {
  if (const auto* known = told(id_of(definition)); known != nullptr && stands_on_tables(definition)) return *known;
  std::vector<Need> needs;
  add(needs, definition.definition, rules_, stands_on_tables(definition) ? TextKind::program : TextKind::type);
  if (definition.kind == "type") std::erase_if(needs, [&](const Need& need) { return same_name(need.on.name.name, definition.name.name); });
  return needs;
}

std::vector<Need> Needs::of(const Trigger& trigger) const {
  std::vector<Need> needs{{{.kind = Kind::relation, .name = trigger.table, .part = {}}, {}}};
  if (const auto* known = told({.kind = Kind::trigger, .name = trigger.table, .part = trigger.name})) needs.insert(needs.end(), known->begin(), known->end());
  else add(needs, trigger.definition, rules_, TextKind::program);
  return needs;
}

std::vector<Need> Needs::of(const Policy& policy, const QualifiedName& table) const {
  std::vector<Need> needs{{{.kind = Kind::relation, .name = table, .part = {}}, {}}};
  if (const auto* known = told({.kind = Kind::policy, .name = table, .part = policy.name})) {
    needs.insert(needs.end(), known->begin(), known->end());
  } else {
    add(needs, policy.using_expression, rules_);
    add(needs, policy.check_expression, rules_);
  }
  return needs;
}

std::vector<Need> Needs::of(const Table& table) const {
  std::vector<Need> needs;
  std::set<std::string> types;
  for (const auto& column : table.columns) {
    if (types.insert(column.type).second) add(needs, column.type, rules_, TextKind::type);
    if (column.default_value && column.default_value->expression) add(needs, column.default_value->text, rules_);
    if (column.generated) add(needs, column.generated->expression, rules_);
  }
  for (const auto& check : table.checks) add(needs, check.expression, rules_);
  for (const auto& exclusion : table.exclusions) add(needs, exclusion.definition, rules_);
  for (const auto& index : table.indexes) {
    add(needs, index.where, rules_);
    for (const auto& part : index.parts) add(needs, part.expression, rules_);
  }
  for (const char* option : {"inherits", "partition_of", "distributed.colocate_with"}) {
    if (const auto it = table.options.find(option); it != table.options.end()) add(needs, "SELECT FROM " + it->second, rules_);
  }
  return needs;
}

bool Needs::stands_on(const std::vector<Need>& needs, const QualifiedName& relation, const std::string& column, const std::string& text) const {
  return std::any_of(needs.begin(), needs.end(), [&](const Need& need) {
    if (!is_meant(need.on, {.kind = Kind::relation, .name = relation, .part = {}})) return false;
    if (column.empty()) return true;
    if (need.columns.empty()) return mentions(text, column, rules_) || text.find('*') != std::string::npos;
    return std::find(need.columns.begin(), need.columns.end(), column) != need.columns.end();
  });
}

std::vector<std::size_t> dependency_order(const std::vector<Dependent>& things, std::vector<std::set<std::size_t>>* all_needs) {
  std::multimap<std::string, std::size_t> by_name;
  for (std::size_t i = 0; i < things.size(); ++i) {
    if (!things[i].object.name.name.empty()) by_name.emplace(lower(things[i].object.name.name), i);
  }
  std::vector<std::set<std::size_t>> needs(things.size());
  std::vector<std::vector<std::size_t>> needed_by(things.size());
  std::vector<std::set<std::size_t>> hard(things.size());
  const auto need = [&](std::size_t i, const ObjectId& object, bool key) {
    const auto [begin, end] = by_name.equal_range(lower(object.name.name));
    for (auto it = begin; it != end; ++it) {
      if (it->second == i || !is_meant(object, things[it->second].object)) continue;
      if (!key) hard[i].insert(it->second);
      if (needs[i].insert(it->second).second) needed_by[it->second].push_back(i);
    }
  };
  for (std::size_t i = 0; i < things.size(); ++i) {
    for (const auto& object : things[i].needs) need(i, object, false);
    for (const auto& object : things[i].keys) need(i, object, true);
  }
  using Key = std::pair<int, std::size_t>;
  std::set<Key> ready;
  std::set<Key> blocked;
  std::vector<std::size_t> open(things.size());
  for (std::size_t i = 0; i < things.size(); ++i) {
    open[i] = needs[i].size();
    (open[i] == 0 ? ready : blocked).insert({things[i].phase, i});
  }
  std::vector<std::size_t> order;
  std::vector<bool> made(things.size());
  while (!ready.empty() || !blocked.empty()) {
    auto& from = ready.empty() ? blocked : ready;
    auto next = from.begin();
    if (ready.empty()) {
      // What waits for keys only is not really blocked.
      const auto soft = std::find_if(blocked.begin(), blocked.end(), [&](const Key& key) {
        return std::all_of(hard[key.second].begin(), hard[key.second].end(), [&](std::size_t other) { return made[other]; });
      });
      if (soft != blocked.end()) next = soft;
    }
    const auto key = *next;
    from.erase(next);
    made[key.second] = true;
    order.push_back(key.second);
    for (const auto user : needed_by[key.second]) {
      if (open[user] > 0 && --open[user] == 0 && blocked.erase({things[user].phase, user}) > 0) ready.insert({things[user].phase, user});
    }
  }
  if (all_needs != nullptr) *all_needs = std::move(needs);
  return order;
}

Dependent dependent(const Table& table, const Needs& needs, bool with_keys) {
  Dependent out{.object = {.kind = Kind::relation, .name = table.name, .part = {}}, .needs = objects_of(needs.of(table)), .keys = {}, .phase = table_phase};
  if (with_keys) {
    for (const auto& key : table.foreign_keys) out.keys.push_back({.kind = Kind::relation, .name = key.references, .part = {}});
  }
  return out;
}

Dependent dependent(const View& view, const Needs& needs) {
  return {.object = {.kind = Kind::relation, .name = view.name, .part = {}}, .needs = objects_of(needs.of(view)), .keys = {}, .phase = view_phase};
}

Dependent dependent(const Routine& routine, const Needs& needs) {
  return {.object = {.kind = Kind::routine, .name = routine.name, .part = routine.arguments}, .needs = objects_of(needs.of(routine)), .keys = {}, .phase = routine_phase};
}

Dependent dependent(const Domain& domain, const Needs& needs) {
  return {.object = {.kind = Kind::type, .name = domain.name, .part = {}}, .needs = objects_of(needs.of(domain)), .keys = {}, .phase = domain_phase};
}

Dependent dependent(const EnumType& type, const Needs&) {
  return {.object = {.kind = Kind::type, .name = type.name, .part = {}}, .needs = {}, .keys = {}, .phase = type_phase};
}

Dependent dependent(const Sequence& sequence, const Needs&) {
  return {.object = {.kind = Kind::relation, .name = sequence.name, .part = {}}, .needs = {}, .keys = {}, .phase = sequence_phase};
}

Dependent dependent(const Definition& definition, const Needs& needs) {
  const int phase = definition.kind == "type" ? type_phase : definition.kind == "aggregate" ? routine_phase : trigger_phase;
  return {.object = id_of(definition), .needs = objects_of(needs.of(definition)), .keys = {}, .phase = phase};
}

Dependent dependent(const Trigger& trigger, const Needs& needs) {
  return {.object = {.kind = Kind::trigger, .name = trigger.table, .part = trigger.name}, .needs = objects_of(needs.of(trigger)), .keys = {}, .phase = trigger_phase};
}

Dependent dependent(const Policy& policy, const QualifiedName& table, const Needs& needs) {
  return {.object = {.kind = Kind::policy, .name = table, .part = policy.name}, .needs = objects_of(needs.of(policy, table)), .keys = {}, .phase = trigger_phase};
}

}  // namespace migrate
