#include "autogenerate/undeclared.hpp"

#include <map>

#include "schema/lookup.hpp"

namespace migrate {
namespace {

void take(const Options& live, Options& declared, const Options& usual) {
  for (const auto& [key, value] : usual) {
    const auto there = live.find(key);
    const auto said = declared.find(key);
    if (said == declared.end()) {
      if (there != live.end()) declared.emplace(key, there->second);
    } else if (there == live.end() && said->second == value) {
      declared.erase(said);
    }
  }
}

template <class T>
void take_parts(const std::vector<T>& live, std::vector<T>& declared, const Options& usual) {
  for (auto& object : declared) {
    if (const auto* other = find_named(live, object.name)) take(other->options, object.options, usual);
  }
}

template <class T, class Same>
void take_objects(const std::vector<T>& live, std::vector<T>& declared, const Options& usual, const Same& same) {
  std::map<QualifiedName, std::vector<const T*>> by_name;
  for (const auto& object : live) by_name[object.name].push_back(&object);
  for (auto& object : declared) {
    const auto found = by_name.find(object.name);
    if (found == by_name.end()) continue;
    for (const auto* other : found->second) {
      if (same(*other, object)) take(other->options, object.options, usual);
    }
  }
}

}  // namespace

void take_undeclared(const Schema& live, Schema& declared, const Options& usual) {
  if (usual.empty()) return;
  take_objects(live.views, declared.views, usual, [](const View&, const View&) { return true; });
  take_objects(live.routines, declared.routines, usual, [](const Routine& a, const Routine& b) { return a.kind == b.kind && a.arguments == b.arguments; });
  take_objects(live.definitions, declared.definitions, usual, [](const Definition& a, const Definition& b) { return a.kind == b.kind; });
  std::map<QualifiedName, const Table*> tables;
  for (const auto& table : live.tables) {
    if (!table.triggers.empty()) tables.emplace(table.name, &table);
  }
  for (auto& table : declared.tables) {
    if (const auto found = tables.find(table.name); found != tables.end()) take_parts(found->second->triggers, table.triggers, usual);
  }
}

}  // namespace migrate
