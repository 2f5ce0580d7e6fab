/// The command line as values.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace migrate::cli {

struct OptionSpec {
  std::string name;    ///< "message,m"
  std::string value;   ///< name of its value; empty: a switch. "[X]": the value may be left out
  std::string help;
  bool repeats = false;  ///< may be given several times
  std::string choices = {};  ///< the words that it takes, by blanks, for shells
};

struct CommandSpec;

struct Arguments {
  std::string command;
  std::vector<std::string> positional;
  std::map<std::string, std::vector<std::string>> options;

  [[nodiscard]] bool has(const std::string& name) const { return options.contains(name); }
  /// The last value given, or `otherwise`.
  [[nodiscard]] std::string get(const std::string& name, const std::string& otherwise = {}) const;
  [[nodiscard]] std::vector<std::string> all(const std::string& name) const;
  [[nodiscard]] std::string at(std::size_t index, const std::string& otherwise = {}) const {
    return index < positional.size() ? positional[index] : otherwise;
  }
};

class Context;

struct CommandSpec {
  std::string name;
  std::string usage;    ///< "upgrade [R]"
  std::string summary;  ///< one line
  std::string details;  ///< paragraphs for --help
  std::string examples;
  std::vector<OptionSpec> options;
  std::size_t min_positional = 0;
  std::size_t max_positional = 0;
  int (*run)(Context& context) = nullptr;
  bool looks = false;  ///< changes nothing in the database
};

/// The options that every command knows.
[[nodiscard]] const std::vector<OptionSpec>& global_options();

/// Where the command's name stands: the first word that is not an option or the value of a global one, or the one behind "--".
[[nodiscard]] std::optional<std::size_t> find_command(const std::vector<std::string>& words);

/// Parses the words behind the program's name. Throws Error (usage) for an unknown option, one that is given
/// twice, a missing value, too many or too few arguments. A word such as -1 is an argument, not an option.
[[nodiscard]] Arguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words);

}  // namespace migrate::cli
