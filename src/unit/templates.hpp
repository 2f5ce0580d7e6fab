/// The templates that new files are written from: built in, or the project's own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "core/mustache.hpp"

namespace migrate {

/// A built-in template ("unit.sql", "unit.cpp", "migrate.yaml", "model.yaml"); empty when there is none of that name.
[[nodiscard]] std::string_view built_in_template(std::string_view name);

/// Fills in NAME.mustache of the project's templates folder, or the built-in one where the folder has none.
[[nodiscard]] std::string render_file(std::string_view name, const TemplateData& data,
                                      const std::optional<std::filesystem::path>& templates = std::nullopt);

}  // namespace migrate
