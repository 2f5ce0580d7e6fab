#include "transfer/masks.hpp"

#include <algorithm>

#include "core/filesystem.hpp"
#include "project/config.hpp"
#include "schema/model.hpp"

namespace migrate {
namespace {

/// The model as it says what to mask; empty where there is none, and where it is SQL, which has no words for it. What the project ignores
/// is masked too.
Schema model_of(Target& at) {
  const auto& config = at.project().config();
  if (!config.model_command.empty()) return at.declared_schema();
  auto files = model_files(config);
  std::erase_if(files, [](const std::filesystem::path& file) { return file.extension() == ".sql" || !file_exists(file); });
  return files.empty() ? Schema{} : load_model(files, at.model_options(at.session().server()));
}

}  // namespace

Masks project_masks(Target& at) {
  Masks masks;
  for (const auto& table : model_of(at).tables) {
    for (const auto& column : table.columns) {
      if (column.declared.mask.empty()) continue;
      masks[table.name.text()][column.name] = mask_of(column.declared.mask, table.name.text() + "." + column.name, column.declared.location);
    }
  }
  const auto& file = at.project().config().masks;
  if (!file) return masks;
  for (auto& [table, columns] : read_masks(file->string())) {
    for (auto& [column, mask] : columns) masks[table][column] = mask;
  }
  return masks;
}

std::string mask_key(const Config& config) { return config.mask_key.empty() ? environment_variable("MASK_KEY").value_or("") : config.mask_key; }

}  // namespace migrate
