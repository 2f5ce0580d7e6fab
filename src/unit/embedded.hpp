/// Units that are part of the program.
#pragma once

#include <filesystem>
#include <string>

#include "migrate/unit.hpp"

namespace migrate {

/// The folder that the embedded files seem to stand in; "" when there are none.
[[nodiscard]] std::filesystem::path embedded_folder();

/// The functions of an embedded C++ unit; null for any other file.
[[nodiscard]] const UnitEntry* embedded_unit(const std::filesystem::path& file);

void add_embedded(const std::string& path, std::string content, const UnitEntry* unit);

}  // namespace migrate
