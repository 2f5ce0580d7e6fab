#include "project/env_file.hpp"

#include <cstdlib>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate {
namespace {

bool is_name(std::string_view text) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && word(text.front()) && text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == std::string_view::npos;
}

/// What a quoted value says; `at` stands on its quote and is left behind the closing one. False when it is not closed.
bool read_quoted(std::string_view line, std::size_t& at, std::string& value) {
  const char quote = line[at++];
  for (; at < line.size(); ++at) {
    if (line[at] == quote) {
      ++at;
      return true;
    }
    if (quote == '"' && line[at] == '\\' && at + 1 < line.size()) {
      const char c = line[++at];
      if (c == 'n') value += '\n';
      else if (c == 't') value += '\t';
      else if (c == '"' || c == '\\' || c == '$') value += c;
      else (value += '\\') += c;
    } else {
      value += line[at];
    }
  }
  return false;
}

}  // namespace

std::map<std::string, std::string> parse_env_file(std::string_view text, const std::string& file) {
  std::map<std::string, std::string> variables;
  int number = 0;
  for (const auto& raw : split(text, '\n')) {
    ++number;
    auto line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    const auto fail = [&](const std::string& why) {
      throw Error{ErrorKind::usage, "cannot read the line: " + why, "write NAME=value, NAME='value' or NAME=\"value\"; a comment begins with #", {file, number}};
    };
    if (line.starts_with("export ")) line = trim(line.substr(7));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) fail("there is no '='");
    const auto name = trim(line.substr(0, equals));
    if (!is_name(name)) fail("'" + std::string(name) + "' is no name of a variable");
    auto rest = trim(line.substr(equals + 1));
    std::string value;
    if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
      std::size_t at = 0;
      if (!read_quoted(rest, at, value)) fail("the quote is not closed");
      rest = trim(rest.substr(at));
      if (!rest.empty() && rest.front() != '#') fail("something stands behind the quote");
    } else {
      auto end = rest.find(" #");
      if (!rest.empty() && rest.front() == '#') end = 0;
      value = trim(rest.substr(0, end));
    }
    variables[std::string(name)] = value;
  }
  return variables;
}

void load_env_file(const std::filesystem::path& file) {
  if (!path_exists(file)) return;
  for (const auto& [name, value] : parse_env_file(read_file(file), file.string())) ::setenv(name.c_str(), value.c_str(), 0);
}

}  // namespace migrate
