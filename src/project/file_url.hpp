/// The URL of a database that is a file.
#pragma once

#include <filesystem>

#include "project/url.hpp"

namespace migrate {

[[nodiscard]] inline DatabaseUrl file_url(const std::filesystem::path& file) { return {.scheme = "sqlite", .database = file.lexically_normal().string()}; }

}  // namespace migrate
