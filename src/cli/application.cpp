#include "cli/application.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/context.hpp"
#include "core/streams.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "dialect/driver.hpp"
#include "runner/stop.hpp"

namespace migrate::cli {
namespace {

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

std::string command_help(const CommandSpec& command) {
  auto out = fmt::format("usage: migrate {}\n\n{}\n", command.usage, command.summary);
  if (!command.details.empty()) out += fmt::format("\n{}\n", command.details);
  if (!command.options.empty()) out += "\noptions:\n" + option_lines(command.options);
  out += "\nfor every command:\n" + option_lines(global_options());
  if (!command.examples.empty()) out += fmt::format("\nexamples:\n{}\n", command.examples);
  return out;
}

std::string help() {
  auto out = fmt::format("migrate {}: versioned database migrations\n\nusage: migrate COMMAND [ARGUMENTS]\n\ncommands:\n", tool_version());
  for (const auto& command : commands()) out += fmt::format("  {:<10} {}\n", command.name, command.summary);
  out += "\nfor every command:\n" + option_lines(global_options());
  out += "\n`migrate COMMAND --help` shows its options and examples.\nexit codes: ";
  std::vector<std::string> codes;
  for (const auto& [code, meaning] : exit_codes()) codes.push_back(fmt::format("{} {}", code, meaning));
  return out + join(codes, ", ") + "\n";
}

bool has(const std::vector<std::string>& words, std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); }

/// What other tools call it, and people type who come from them.
std::string own_word_for(const std::string& name) {
  static const std::map<std::string, std::string, std::less<>> words{
      {"up", "upgrade"}, {"migrate", "upgrade"}, {"deploy", "upgrade"}, {"update", "upgrade"}, {"run", "upgrade"}, {"latest", "upgrade"},
      {"down", "downgrade -1"}, {"rollback", "downgrade -1"}, {"undo", "downgrade -1"}, {"redo", "downgrade -1 && migrate upgrade"}, {"reset", "downgrade base"},
      {"status", "current"}, {"info", "current"}, {"version", "--version"}, {"list", "history"},
      {"new", "revision -m MESSAGE"}, {"create", "revision -m MESSAGE"}, {"make", "revision -m MESSAGE"}, {"generate", "revision --autogenerate -m MESSAGE"}, {"makemigrations", "revision --autogenerate -m MESSAGE"},
      {"autogenerate", "revision --autogenerate -m MESSAGE"}, {"push", "upgrade"}, {"baseline", "stamp"}, {"mark", "stamp"}, {"validate", "verify"}, {"hash", "verify --update"},
      {"dump", "inspect"}, {"pull", "inspect"}, {"introspect", "inspect"}, {"plan", "upgrade --dry-run"}, {"compare", "diff"}, {"unlock", "resume"}, {"fix", "repair"}};
  const auto it = words.find(name);
  return it == words.end() ? "" : it->second;
}

Error unknown_command(const std::string& name) {
  if (const auto own = own_word_for(name); !own.empty()) return Error{ErrorKind::usage, "unknown command '" + name + "'", "here that is `migrate " + own + "`"};
  std::vector<std::string> names{"help"};
  for (const auto& known : commands()) names.push_back(known.name);
  return Error{ErrorKind::usage, "unknown command '" + name + "'", did_you_mean(name, names)};
}

/// `migrate --version`: its own version, and what it speaks to databases with.
void print_version(const Output& output) {
  output.line(fmt::format("migrate {}{}", tool_version(), tool_commit().empty() ? "" : " (" + tool_commit() + ")"));
  for (const auto& [engines, client] : engines_and_clients()) output.line(engines + ": " + client);
}

/// `migrate`, with nothing but options.
int run_without_command(const std::vector<std::string>& words, const Output& output) {
  static const CommandSpec spec{.usage = "COMMAND [ARGUMENTS]", .options = {{"version,V", "", "the version of this program"}}};
  const auto arguments = parse_arguments(spec, words);
  if (arguments.has("version")) print_version(output);
  else output.text(help());
  return arguments.has("version") || arguments.has("help") ? 0 : exit_code(ErrorKind::usage);
}

int run_help(const std::vector<std::string>& words, const Output& output) {
  static const CommandSpec spec{.name = "help", .usage = "help [COMMAND]", .options = {{"man", "", "the manual page, in roff"}}, .max_positional = 1};
  const auto arguments = parse_arguments(spec, words);
  const auto topic = arguments.at(0, "help");
  const auto* command = command_named(topic);
  if (command == nullptr && topic != "help") throw unknown_command(topic);
  output.text(arguments.has("man") ? manual_page() : command != nullptr ? command_help(*command) : help());
  return 0;
}

int dispatch(const std::vector<std::string>& words, Output& output) {
  const auto at = find_command(words);
  if (!at) return run_without_command(words, output);
  const auto& name = words[*at];
  if (name == "help") return run_help(words, output);
  const auto* command = command_named(name);
  if (command == nullptr) throw unknown_command(name);
  auto arguments = parse_arguments(*command, words);
  if (arguments.has("help")) {
    output.text(command_help(*command));
    return 0;
  }
  output = Output(make_style(arguments.get("color"), arguments.has("quiet"), arguments.has("verbose"), arguments.has("json")));
  Context context(std::move(arguments), output, command->looks);
  return command->run(context);
}

int run_words(const std::vector<std::string>& words) {
  Output output(make_style("", false, false, has(words, "--json")));
  return report_errors(output, [&] { return dispatch(words, output); });
}

}  // namespace

const CommandSpec* command_named(const std::string& name) {
  const auto& all = commands();
  const auto it = std::find_if(all.begin(), all.end(), [&](const CommandSpec& command) { return command.name == name; });
  return it == all.end() ? nullptr : &*it;
}

int report_errors(const Output& output, const std::function<int()>& command) {
  try {
    return command();
  } catch (const Error& error) {
    output.error(error);
    return exit_code(error.kind);
  } catch (const std::bad_alloc&) {
    output.error(Error{ErrorKind::failed, "out of memory"});
  } catch (const std::filesystem::filesystem_error& error) {
    // A path that the system does not take: too long, a loop of links, a folder that may not be looked into.
    output.error(Error{ErrorKind::usage, "cannot use the path " + error.path1().string() + ": " + error.code().message(), {}, {error.path1().string()}});
    return exit_code(ErrorKind::usage);
  } catch (const std::exception& error) {
    output.error(Error{ErrorKind::failed, std::string("unexpected: ") + error.what(), "this is a bug in migrate: please report it with the command and the unit or model"});
  }
  return 1;
}

int run(int argc, char** argv) {
  prepare_streams();
  const int code = run_words(std::vector<std::string>(argv + std::min(argc, 1), argv + argc));
  // Shells end a script whose command says that Ctrl-C ended it.
  return finish_output(code == exit_code(ErrorKind::failed) && stop_by_interrupt() ? 130 : code);
}

}  // namespace migrate::cli
