#include "dialect/mysql/render/suspended_keys.hpp"

#include <algorithm>

#include "dialect/mysql/sql/text.hpp"
#include "schema/lookup.hpp"

namespace migrate::mysql {
namespace {

/// Whether a key or index of the table starts with these columns. What one ALTER TABLE adds does not serve a foreign key in it.
bool indexed(const Table& table, const std::vector<std::string>& columns) {
  const auto starts = [&](const std::vector<IndexPart>& parts) {
    return parts.size() >= columns.size() &&
           std::equal(columns.begin(), columns.end(), parts.begin(), [](const std::string& column, const IndexPart& part) { return part.column == column; });
  };
  return (table.primary_key && starts(table.primary_key->parts)) ||
         std::any_of(table.uniques.begin(), table.uniques.end(), [&](const Unique& unique) { return starts(unique.parts); }) ||
         std::any_of(table.indexes.begin(), table.indexes.end(), [&](const Index& index) { return starts(index.parts); });
}

/// Whether a key of the table to itself finds what it needs before the ALTER TABLE that adds it: the index, and the types.
bool stands(const ForeignKey& key, const Table& before, const Table& after) {
  const auto same_type = [&](const std::string& name) {
    const auto* was = find_named(before.columns, name);
    const auto* now = find_named(after.columns, name);
    return was == nullptr || now == nullptr || key_type(*was) == key_type(*now);
  };
  return indexed(before, key.referenced_columns) && std::all_of(key.columns.begin(), key.columns.end(), same_type) &&
         std::all_of(key.referenced_columns.begin(), key.referenced_columns.end(), same_type);
}

}  // namespace

bool stands_on(const ForeignKey& key, const QualifiedName& owner, const QualifiedName& name, const std::set<std::string>& columns) {
  const auto any = [&](const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(), [&](const auto& column) { return columns.contains(column); });
  };
  return (owner == name && any(key.columns)) || (key.references == name && any(key.referenced_columns));
}

std::vector<std::string> SuspendedKeys::suspend(const std::set<std::string>& columns, const QualifiedName& name) {
  std::vector<std::string> drops;
  for (const auto& table : state_.tables) {
    for (const auto& key : table.foreign_keys) {
      if (!stands_on(key, table.name, name, columns) || !places_.insert({table.name, key.name}).second) continue;
      drops.push_back("ALTER TABLE " + quote_name(table.name) + " DROP FOREIGN KEY " + quote_name(key.name));
    }
  }
  return drops;
}

void SuspendedKeys::hide(TableChange& change) {
  const auto name = change.after.name;
  std::erase_if(change.before.foreign_keys, [&](const ForeignKey& key) { return places_.contains({name, key.name}); });
  for (const auto& key : change.after.foreign_keys) {
    const auto* was = find_named(change.before.foreign_keys, key.name);
    const bool fresh = was == nullptr || !(*was == key);
    if (fresh && (!fits(key, change.after) || (key.references == name && !stands(key, change.before, change.after)))) places_.insert({name, key.name});
  }
  std::erase_if(places_, [&](const Place& place) { return place.table == name && find_named(change.after.foreign_keys, place.name) == nullptr; });
  std::erase_if(change.after.foreign_keys, [&](const ForeignKey& key) { return places_.contains({name, key.name}); });
}

bool SuspendedKeys::fits(const ForeignKey& key, const Table& table) const {
  if (!key.references.schema.empty() || key.references == table.name) return true;
  const auto* target = find_named(state_.tables, key.references);
  if (target == nullptr) return false;
  const auto whole = whole_(*target);
  for (std::size_t i = 0; i < key.columns.size() && i < key.referenced_columns.size(); ++i) {
    const auto* here = find_named(table.columns, key.columns[i]);
    const auto* there = find_named(whole.columns, key.referenced_columns[i]);
    if (here != nullptr && there != nullptr && key_type(*here) != key_type(*there)) return false;
    if (there == nullptr) return false;
  }
  return true;
}

void SuspendedKeys::hide(Table& table, const Table& whole) {
  for (const auto& key : table.foreign_keys) {
    if (!fits(key, whole)) places_.insert({table.name, key.name});
  }
  std::erase_if(table.foreign_keys, [&](const ForeignKey& key) { return places_.contains({table.name, key.name}); });
}

void SuspendedKeys::forget(const QualifiedName& table) {
  std::erase_if(places_, [&](const Place& place) { return place.table == table; });
}

void SuspendedKeys::rename(const QualifiedName& from, const QualifiedName& to) {
  std::set<Place> moved;
  for (auto place : places_) {
    if (place.table == from) place.table = to;
    moved.insert(std::move(place));
  }
  places_ = std::move(moved);
}

std::vector<std::string> SuspendedKeys::restore() const {
  std::vector<std::string> adds;
  for (const auto& place : places_) {
    const auto* table = find_named(state_.tables, place.table);
    const auto* key = table == nullptr ? nullptr : find_named(table->foreign_keys, place.name);
    if (key != nullptr) adds.push_back("ALTER TABLE " + quote_name(place.table) + " ADD " + foreign_key_sql(*key));
  }
  return adds;
}

}  // namespace migrate::mysql
