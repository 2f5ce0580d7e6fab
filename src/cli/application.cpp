#include "cli/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "core/text.hpp"
#include "runner/versions.hpp"

namespace migrate::cli {
namespace {

const CommandSpec* find(const std::string& name) {
  const auto& all = commands();
  const auto it = std::find_if(all.begin(), all.end(), [&](const CommandSpec& command) { return command.name == name; });
  return it == all.end() ? nullptr : &*it;
}

std::string option_lines(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const auto& option : options) {
    const auto comma = option.name.find(',');
    std::string left = comma == std::string::npos ? "    --" + option.name : "-" + option.name.substr(comma + 1) + ", --" + option.name.substr(0, comma);
    if (option.value.starts_with('[')) left += "[=" + option.value.substr(1, option.value.size() - 2) + "]";
    else if (!option.value.empty()) left += " " + option.value;
    out += fmt::format("  {:<28} {}\n", left, option.help);
  }
  return out;
}

void print_command_help(const CommandSpec& command) {
  fmt::print("usage: migrate {}\n\n{}\n", command.usage, command.summary);
  if (!command.details.empty()) fmt::print("\n{}\n", command.details);
  if (!command.options.empty()) fmt::print("\noptions:\n{}", option_lines(command.options));
  fmt::print("\nfor every command:\n{}", option_lines(global_options()));
  if (!command.examples.empty()) fmt::print("\nexamples:\n{}\n", command.examples);
}

void print_help() {
  fmt::print("migrate {}: versioned database migrations\n\nusage: migrate COMMAND [ARGUMENTS]\n\ncommands:\n", tool_version());
  for (const auto& command : commands()) fmt::print("  {:<10} {}\n", command.name, command.summary);
  fmt::print("\nfor every command:\n{}", option_lines(global_options()));
  fmt::print("\n`migrate COMMAND --help` shows its options and examples.\n"
             "exit codes: ");
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : exit_codes()) codes.push_back(fmt::format("{} {}", code, meaning));
  fmt::print("{}\n", join(codes, ", "));
}

bool has(const std::vector<std::string>& words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

int dispatch(const std::vector<std::string>& words, Output& output) {
  const auto name = find_command(words);
  if (name.empty() || name == "help") {
    if (has(words, "--version") && name.empty()) {
      fmt::print("migrate {}\n", tool_version());
      return 0;
    }
    if (name == "help" && has(words, "--man")) {
      fmt::print("{}", manual_page());
      return 0;
    }
    const auto* topic = name == "help" && words.size() > 1 ? find(words.back()) : nullptr;
    if (topic != nullptr) print_command_help(*topic);
    else print_help();
    return words.empty() ? 2 : 0;
  }
  const auto* command = find(name);
  if (command == nullptr) {
    std::vector<std::string> names;
    for (const auto& known : commands()) names.push_back(known.name);
    throw Error{ErrorKind::usage, "unknown command '" + name + "'", did_you_mean(name, names)};
  }
  auto arguments = parse_arguments(*command, words);
  if (arguments.has("help")) {
    print_command_help(*command);
    return 0;
  }
  output = Output(make_style(arguments.get("color"), arguments.has("quiet"), arguments.has("verbose"), arguments.has("json")));
  Context context(std::move(arguments), output, command->looks);
  const int code = command->run(context);
  if (std::fflush(stdout) != 0) throw Error{ErrorKind::failed, "cannot write the result to standard output"};
  return code;
}

}  // namespace

int run(int argc, char** argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Output output(make_style("", false, false, has(words, "--json")));
  try {
    return dispatch(words, output);
  } catch (const Error& error) {
    output.error(error);
    return exit_code(error.kind);
  } catch (const std::bad_alloc&) {
    output.error(Error{ErrorKind::failed, "out of memory"});
  } catch (const std::exception& error) {
    output.error(Error{ErrorKind::failed, std::string("unexpected: ") + error.what(), "this is a bug in migrate: please report it with the command and the unit or model"});
  }
  return 1;
}

}  // namespace migrate::cli
