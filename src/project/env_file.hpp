/// A file of environment variables beside migrate.yaml (`env_file: .env`), as docker compose and many frameworks read one.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace migrate {

/// Lines NAME=value, with `export` in front or without; '#' begins a comment; 'text' as it is, "text" with \n, \t, \", \\ and \$.
/// Throws Error (usage) with the place of a line that is none of these.
[[nodiscard]] std::map<std::string, std::string> parse_env_file(std::string_view text, const std::string& file);

/// Sets the variables of the file that the environment does not have. A file that is not there sets none.
void load_env_file(const std::filesystem::path& file);

}  // namespace migrate
