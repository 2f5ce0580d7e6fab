#include "unit/embedded.hpp"

#include <map>

#include "core/filesystem.hpp"

namespace migrate {
namespace {

constexpr const char* root = "/embedded";

/// Filled before main by the code that migrate_embed writes, and read only from then on.
std::map<std::string, const UnitEntry*>& units() {
  static std::map<std::string, const UnitEntry*> all;
  return all;
}

bool any = false;

}  // namespace

std::filesystem::path embedded_folder() { return any ? std::filesystem::path(root) : std::filesystem::path(); }

const UnitEntry* embedded_unit(const std::filesystem::path& file) {
  const auto it = units().find(file.string());
  return it == units().end() ? nullptr : it->second;
}

void add_embedded(const std::string& path, std::string content, const UnitEntry* unit) {
  any = true;
  const auto file = std::filesystem::path(root) / path;
  if (unit != nullptr) units()[file.string()] = unit;
  keep_in_memory(file, std::move(content));
}

}  // namespace migrate
