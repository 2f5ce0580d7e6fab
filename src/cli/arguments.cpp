#include "cli/arguments.hpp"

#include <algorithm>
#include <boost/program_options.hpp>

#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate::cli {
namespace {

namespace po = boost::program_options;

constexpr char step_mark = '\x01';  // stands before a word such as -1 while the parser looks at it

bool is_step(const std::string& word) {
  return word.size() > 1 && word[0] == '-' && std::all_of(word.begin() + 1, word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string long_name(const OptionSpec& option) { return option.name.substr(0, option.name.find(',')); }

po::options_description describe(const std::vector<OptionSpec>& options) {
  po::options_description out;
  for (const auto& option : options) {
    if (option.value.empty()) {
      out.add_options()(option.name.c_str(), option.help.c_str());
    } else if (option.value.starts_with('[')) {
      out.add_options()(option.name.c_str(), po::value<std::vector<std::string>>()->composing()->implicit_value({""}, ""), option.help.c_str());
    } else {
      out.add_options()(option.name.c_str(), po::value<std::vector<std::string>>()->composing(), option.help.c_str());
    }
  }
  return out;
}

bool may_repeat(const CommandSpec& command, const std::string& name) {
  const auto repeats = [&](const OptionSpec& option) { return option.repeats && long_name(option) == name; };
  return std::any_of(command.options.begin(), command.options.end(), repeats);
}

Error usage_error(const CommandSpec& command, const std::string& message, std::string hint = {}) {
  if (hint.empty()) hint = "see `migrate " + command.name + (command.name.empty() ? "--help`" : " --help`");
  return Error{ErrorKind::usage, message, hint};
}

std::string unknown_option_hint(const CommandSpec& command, const std::string& option) {
  // What other tools call it.
  for (const auto* word : {"--url", "--uri", "--dsn", "--db", "--connection"}) {
    if (option == word) return "did you mean --database?";
  }
  std::vector<std::string> names;
  for (const auto& known : command.options) names.push_back("--" + long_name(known));
  for (const auto& known : global_options()) names.push_back("--" + long_name(known));
  for (const auto& name : names) {
    if (option.size() > 4 && name.starts_with(option)) return "did you mean " + name + "?";
  }
  const auto best = nearest(option, names);
  return best.empty() ? "" : "did you mean " + best + "?";
}

}  // namespace

std::string Arguments::get(const std::string& name, const std::string& otherwise) const {
  const auto it = options.find(name);
  return it == options.end() || it->second.empty() ? otherwise : it->second.back();
}

std::vector<std::string> Arguments::all(const std::string& name) const {
  const auto it = options.find(name);
  return it == options.end() ? std::vector<std::string>{} : it->second;
}

const std::vector<OptionSpec>& global_options() {
  static const std::vector<OptionSpec> options{
      {"config,c", "FILE", "migrate.yaml to use (else the nearest one, from here upwards)"},
      {"env,e", "NAME", "environment of migrate.yaml"},
      {"database", "URL", "database to use in place of the configured one"},
      {"lock-timeout", "TIME", "how long to wait for another migration (60s)"},
      {"wait", "TIME", "how long to wait for a server that is starting (not at all)"},
      {"json", "", "results for programs, as JSON"},
      {"quiet,q", "", "results and errors only"},
      {"verbose,v", "", "say more: statements, round trips"},
      {"color", "WHEN", "auto, always or never", false, "auto always never"},
      {"no-input", "", "never ask; fail where an answer is needed"},
      {"help,h", "", "this help"},
  };
  return options;
}

std::optional<std::size_t> find_command(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (!word.starts_with('-')) return i;
    if (word == "--") return i + 1 < words.size() ? std::optional(i + 1) : std::nullopt;
    for (const auto& option : global_options()) {
      const auto comma = option.name.find(',');
      const bool is_long = word == "--" + long_name(option);
      const bool is_short = comma != std::string::npos && word == "-" + option.name.substr(comma + 1);
      if (!option.value.empty() && (is_long || is_short)) ++i;
    }
  }
  return std::nullopt;
}

Arguments parse_arguments(const CommandSpec& command, const std::vector<std::string>& words) {
  std::vector<std::string> marked;
  for (const auto& word : words) marked.push_back(is_step(word) ? step_mark + word : word);
  auto description = describe(global_options());
  description.add(describe(command.options));
  description.add_options()("arguments", po::value<std::vector<std::string>>()->composing(), "");
  Arguments arguments{.command = command.name};
  try {
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    const auto parsed = po::command_line_parser(marked).options(description).style(style).positional(po::positional_options_description().add("arguments", -1)).run();
    for (const auto& option : parsed.options) {
      if (option.string_key == "arguments") {
        arguments.positional.insert(arguments.positional.end(), option.value.begin(), option.value.end());
      } else {
        const bool again = arguments.has(option.string_key);
        auto& values = arguments.options[option.string_key];
        // Which of two values was meant nobody can tell; a script that says one twice has lost track of what it says.
        if (again && !may_repeat(command, option.string_key)) {
          const auto first = values.empty() || values.front().empty() ? std::string() : " (first as '" + values.front() + "')";
          throw usage_error(command, "the option --" + option.string_key + " is given twice" + first, "leave one of them out");
        }
        values.insert(values.end(), option.value.begin(), option.value.end());
      }
    }
  } catch (const po::unknown_option& error) {
    throw usage_error(command, "unknown option " + error.get_option_name(), unknown_option_hint(command, error.get_option_name()));
  } catch (const po::error& error) {
    throw usage_error(command, error.what());
  }
  for (auto& word : arguments.positional) {
    if (word.starts_with(step_mark)) word.erase(0, 1);
  }
  for (auto& [name, values] : arguments.options) {
    for (auto& value : values) {
      if (value.starts_with(step_mark)) value.erase(0, 1);
    }
  }
  if (!command.name.empty() && !arguments.positional.empty()) arguments.positional.erase(arguments.positional.begin());  // the command itself
  if (arguments.has("help")) return arguments;
  if (arguments.positional.size() > command.max_positional) {
    throw usage_error(command, "migrate " + command.name + ": too many arguments: '" + arguments.positional[command.max_positional] + "'",
                      "usage: migrate " + command.usage);
  }
  if (arguments.positional.size() < command.min_positional) {
    throw usage_error(command, "migrate " + command.name + ": an argument is missing", "usage: migrate " + command.usage);
  }
  return arguments;
}

}  // namespace migrate::cli
