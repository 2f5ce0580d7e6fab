// Values of migrate.yaml: durations, variables, the database with its password, globs.
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/filesystem.hpp"
#include "core/text.hpp"
#include "migrate/error.hpp"
#include "project/config.hpp"

namespace migrate {
namespace {

/// What the database and its password are relative to.
const std::filesystem::path& database_folder(const Config& config) { return config.database_folder.empty() ? config.folder : config.database_folder; }

bool is_variable_name(std::string_view name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !name.empty() && std::all_of(name.begin(), name.end(), plain) && (name.front() < '0' || name.front() > '9');
}

/// The offset of the brace that closes the one in front of `from`.
std::size_t closing_brace(std::string_view text, std::size_t from) {
  int depth = 1;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string expand_one(std::string_view inside, const Variables& variables, const Location& location) {
  const auto separator = inside.find(":-");
  const std::string name(inside.substr(0, separator));
  if (!is_variable_name(name)) {
    throw Error{ErrorKind::usage, "'${" + name + "}' is not the name of a variable", "write ${NAME} or ${NAME:-default}",
                location};
  }
  auto value = variables(name);
  if (separator != std::string_view::npos && (!value || value->empty())) {
    return expand_variables(inside.substr(separator + 2), variables, location);
  }
  if (!value) {
    throw Error{ErrorKind::usage, "the environment variable " + name + " is not set",
                "set it, or give a default: ${" + name + ":-default}", location};
  }
  return *value;
}

/// What a value becomes between the text in front of it, filled in, and the text behind it, as it stands.
using Fit = std::function<std::string(std::string value, std::string_view before, std::string_view after)>;

std::string expand(std::string_view text, const Variables& variables, const Location& location, const Fit& fit) {
  std::string out;
  std::size_t at = 0;
  while (true) {
    const auto start = text.find("${", at);
    if (start == std::string_view::npos) return out.append(text.substr(at));
    if (start > at && text[start - 1] == '$') {
      out.append(text.substr(at, start - at - 1)).append("${");
      at = start + 2;
      continue;
    }
    out.append(text.substr(at, start - at));
    const auto end = closing_brace(text, start + 2);
    if (end == std::string_view::npos) {
      throw Error{ErrorKind::usage, "a '${' is not closed", "write ${NAME} or ${NAME:-default}; \"$${\" stands for \"${\"",
                  location};
    }
    out += fit(expand_one(text.substr(start + 2, end - start - 2), variables, location), out, text.substr(end + 1));
    at = end + 1;
  }
}

/// A variable in a URL may hold any text.
std::string expand_url(std::string_view text, const Variables& variables, const Location& location) {
  return expand(text, variables, location, [](const std::string& value, std::string_view before, std::string_view after) {
    std::string letters;
    for (std::size_t at = 0; at < after.size();) {
      const auto end = after.substr(at, 2) == "${" ? closing_brace(after, at + 2) : std::string_view::npos;
      letters += end == std::string_view::npos ? after[at] : 'x';
      at = end == std::string_view::npos ? at + 1 : end + 1;
    }
    return value_in_url(value, before, letters);
  });
}

std::string without_final_newlines(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

}  // namespace

std::string command_output(const std::string& name, const std::string& command, const std::filesystem::path& folder, const Location& location) {
  const auto quoted = "'" + replace_all(folder.string(), "'", "'\\''") + "'";
  const std::string script = "cd -- " + quoted + " || exit 127\n" + command + "\n";
  const auto close = [](std::FILE* pipe) { return pipe == nullptr ? 0 : ::pclose(pipe); };
  std::unique_ptr<std::FILE, decltype(close)> pipe(::popen(script.c_str(), "re"), close);
  if (!pipe) throw Error{ErrorKind::usage, "cannot run " + name, {}, location};
  std::string output;
  std::array<char, 4096> buffer{};
  while (const auto got = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) output.append(buffer.data(), got);
  const int status = ::pclose(pipe.release());
  if (status != 0) {
    const int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    throw Error{ErrorKind::usage,
                name + " failed" + (code < 0 ? std::string(" by a signal") : " with exit code " + std::to_string(code)),
                "run the command by hand in " + folder.string() + " to see why", location};
  }
  return output;
}

namespace {

std::string read_password(const Config& config, const Variables& variables) {
  const auto at = [&](const yaml::Node& node) { return Location{config.file.string(), node.line, node.column}; };
  if (!config.password_file.is_null()) {
    auto path = expand_variables(config.password_file.scalar, variables, at(config.password_file));
    if (path.starts_with("~/")) path = variables("HOME").value_or("~") + path.substr(1);
    return without_final_newlines(read_file((database_folder(config) / path).lexically_normal()));
  }
  const auto place = at(config.password_command);
  return without_final_newlines(command_output("password_command", expand_variables(config.password_command.scalar, variables, place), database_folder(config), place));
}

/// What stands beside the URL in `database`, taken as it is written: nothing in it is an escape.
void add_parts(DatabaseUrl& url, const Config& config, const Variables& variables) {
  for (const auto& [key, value] : config.database_parts.keys) {
    const Location place{config.file.string(), value.line, value.column};
    const auto text = expand_variables(value.scalar, variables, place);
    const auto fail = [&, &name = key](const std::string& what, const std::string& hint) {
      throw Error{ErrorKind::usage, "database." + name + " " + what, hint, place};
    };
    if (url.scheme == "sqlite") fail("does not go with " + url.display(), "an SQLite database is a file, which the URL names");
    const auto add = [&](std::string& part) {
      if (!part.empty()) fail("is given, and the URL says it too", "remove one of them");
      part = text;
    };
    if (key == "user") add(url.user);
    if (key == "password") add(url.password);
    if (key == "host") add(url.host);
    if (key == "name") add(url.database);
    if (key == "port") {
      int port = 0;
      const auto end = std::from_chars(text.data(), text.data() + text.size(), port);
      if (end.ec != std::errc{} || end.ptr != text.data() + text.size() || port < 1 || port > 65535) fail("is not a number between 1 and 65535", "the port of the server");
      if (url.port != 0 || url.parameters.contains("port")) fail("is given, and the URL says it too", "remove one of them");
      url.port = port;
    }
  }
}

/// Adds the paths that match the components from `part` on.
void add_matches(const std::filesystem::path& folder, std::filesystem::path::const_iterator part,
                 std::filesystem::path::const_iterator end, std::vector<std::filesystem::path>& out) {
  if (part == end) {
    if (std::filesystem::is_regular_file(folder)) out.push_back(folder);
    return;
  }
  const auto name = part->string();
  if (name.find_first_of("*?") == std::string::npos) return add_matches(folder / *part, std::next(part), end, out);
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const auto found = entry.path().filename().string();
    if (found.front() == '.' && name.front() != '.') continue;
    if (glob_match(name, found)) add_matches(entry.path(), std::next(part), end, out);
  }
}

}  // namespace

std::optional<std::string> environment_variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

std::string expand_variables(std::string_view text, const Variables& variables, const Location& location) {
  return expand(text, variables, location, [](std::string value, std::string_view, std::string_view) { return value; });
}

bool read_keep(std::string_view text, KeepSettings& keep) {
  const auto is = [&](std::initializer_list<std::string_view> words) { return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return equal_ignoring_case(word, text); }); };
  keep.on = true;
  if (is({"no", "off", "false"})) keep.on = false;
  else if (is({"strict"})) keep.strict = true;
  else if (is({"forever", "0"})) keep.time = std::chrono::milliseconds(0);
  else if (!is({"yes", "on", "true"})) {
    const auto time = parse_duration(text);
    if (!time || *time < std::chrono::seconds(1)) return false;
    keep.time = *time;
  }
  return true;
}

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  text = trim(text);
  double number = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (end.ec != std::errc{} || number < 0) return std::nullopt;
  const auto unit = trim(text.substr(static_cast<std::size_t>(end.ptr - text.data())));
  double factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1'000;
  if (unit == "m" || unit == "min") factor = 60'000;
  if (unit == "h") factor = 3'600'000;
  if (unit == "d") factor = 86'400'000;
  if (factor == 0 && !(unit.empty() && number == 0)) return std::nullopt;
  const double total = std::ceil(number * factor);
  if (!(total <= 1e12)) return std::nullopt;
  return std::chrono::milliseconds(static_cast<long long>(total));
}

namespace {

/// A URL of migrate.yaml, with its variables filled in.
DatabaseUrl url_in_config(const yaml::Node& node, const Config& config, const Variables& variables) {
  const Location place{config.file.string(), node.line, node.column};
  const auto text = expand_url(node.scalar, variables, place);
  try {
    return parse_url(text);
  } catch (const Error& error) {
    throw Error{error.kind, error.message(), error.hint, place};
  }
}

}  // namespace

std::optional<DatabaseUrl> scratch_url(const Config& config, const Variables& variables) {
  if (config.scratch.is_null()) return std::nullopt;
  return url_in_config(config.scratch, config, variables);
}

DatabaseUrl database_url(const Config& config, const Variables& variables) {
  if (config.database.is_null()) {
    throw Error{ErrorKind::usage,
                config.file.empty() ? "no database is given and no migrate.yaml was found" : "no database is given",
                "add `database: URL` to migrate.yaml, or use --database URL",
                {config.file.string()}};
  }
  const Location place{config.file.string(), config.database.line, config.database.column};
  auto url = url_in_config(config.database, config, variables);
  add_parts(url, config, variables);
  if (url.scheme == "sqlite") {
    if (!url.database.empty()) url.database = (database_folder(config) / url.database).lexically_normal().string();
    return url;
  }
  if (config.password_file.is_null() && config.password_command.is_null()) return url;
  if (!url.password.empty()) {
    throw Error{ErrorKind::usage, "the database has a password, and password_file or password_command gives one too",
                "remove one of them", place};
  }
  url.password = read_password(config, variables);
  return url;
}

std::string database_name(const DatabaseUrl& url, const std::filesystem::path& folder) {
  if (url.dialect() != "sqlite" || url.database.empty()) return url.database;
  const auto path = std::filesystem::absolute(url.database).lexically_normal().lexically_relative(folder);
  return path.empty() ? url.database : path.string();
}

std::string url_for_config(const std::string& text, const std::filesystem::path& folder) {
  const auto url = parse_url(text);
  if (url.scheme != "sqlite" || url.database.empty() || std::filesystem::path(url.database).is_absolute()) return text;
  const auto path = std::filesystem::relative(std::filesystem::absolute(url.database), folder).string();
  const auto query = text.find('?');
  return "sqlite:///" + path + (query == std::string::npos ? "" : text.substr(query));
}

std::vector<std::filesystem::path> model_files(const Config& config) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : config.model) {
    std::vector<std::filesystem::path> found;
    if (entry.find_first_of("*?") == std::string::npos) {
      found.emplace_back(entry);
    } else {
      const std::filesystem::path pattern(entry);
      const auto relative = pattern.relative_path();
      add_matches(pattern.root_path(), relative.begin(), relative.end(), found);
      std::sort(found.begin(), found.end());
    }
    if (found.empty()) {
      throw Error{ErrorKind::usage,
                  "the model '" + entry + "' matches no file",
                  "correct `model:` in migrate.yaml",
                  {config.file.string()}};
    }
    for (auto& path : found) {
      if (std::find(files.begin(), files.end(), path) == files.end()) files.push_back(std::move(path));
    }
  }
  return files;
}

bool is_included(const Config& config, std::string_view schema, std::string_view name) {
  const auto qualified = std::string(schema) + "." + std::string(name);
  const auto matches = [&](const std::string& pattern) { return glob_match(pattern, name) || glob_match(pattern, qualified); };
  if (std::any_of(config.ignore.begin(), config.ignore.end(), matches)) return false;
  return config.include.empty() || std::any_of(config.include.begin(), config.include.end(), matches);
}

}  // namespace migrate
