// migrate help --man, migrate completion: what the table of commands says, for manuals and shells
#include <fmt/format.h>

#include <algorithm>

#include "cli/context.hpp"
#include "core/text.hpp"
#include "core/version.hpp"
#include "runner/versions.hpp"

namespace migrate::cli {
namespace {

std::string long_option(const OptionSpec& option) { return "--" + option.name.substr(0, option.name.find(',')); }

std::string options_of(const CommandSpec& command) {
  std::vector<std::string> words;
  for (const auto& option : command.options) words.push_back(long_option(option));
  for (const auto& option : global_options()) words.push_back(long_option(option));
  return join(words, " ");
}

std::string command_names() {
  std::vector<std::string> names;
  for (const auto& command : commands()) names.push_back(command.name);
  return join(names, " ");
}

bool takes_revisions(const CommandSpec& command) {
  static const std::vector<std::string> names{"upgrade", "downgrade", "show", "edit", "stamp", "merge", "history", "lint", "squash"};
  return std::find(names.begin(), names.end(), command.name) != names.end();
}

// ---- shells --------------------------------------------------------------------------------------------------------

/// Revisions are asked for with `history`, which needs no database.
constexpr std::string_view revisions_in_shell = "migrate history --json 2>/dev/null | sed -n 's/^ *\"revision\": \"\\(.*\\)\",*$/\\1/p'";

std::string bash() {
  std::string out = "# bash completion of migrate: eval \"$(migrate completion bash)\"\n_migrate() {\n  local word=${COMP_WORDS[COMP_CWORD]} command= i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n";
  out += "      " + replace_all(command_names(), " ", "|") + ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  out += "  case $command in\n    '') COMPREPLY=($(compgen -W '" + command_names() + "' -- \"$word\")) ;;\n";
  for (const auto& command : commands()) {
    out += "    " + command.name + ")\n      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '" + options_of(command) + "' -- \"$word\"))\n";
    if (takes_revisions(command)) {
      out += fmt::format("      else COMPREPLY=($(compgen -W \"head heads base $({})\" -- \"$word\"))\n", revisions_in_shell);
    } else {
      out += "      else COMPREPLY=($(compgen -f -- \"$word\"))\n";
    }
    out += "      fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _migrate migrate\n";
}

/// Text between single quotes in a shell.
std::string single_quoted(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

std::string zsh_text(std::string text) {
  for (const auto* special : {"\\", "[", "]", ":"}) text = replace_all(text, special, std::string("\\") + special);
  return text;
}

std::string zsh_options(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const auto& option : options) {
    const auto name = long_option(option);
    out += " \\\n        " + single_quoted(name + (option.value.empty() ? "" : "=") + "[" + zsh_text(option.help) + "]" +
                                           (option.value.empty() ? "" : ":" + zsh_text(lower(option.value)) + ":_files"));
  }
  return out;
}

std::string zsh() {
  std::string out = "#compdef migrate\n# zsh completion of migrate: eval \"$(migrate completion zsh)\"\n_migrate() {\n  local -a commands revisions\n  commands=(\n";
  for (const auto& command : commands()) out += "    " + single_quoted(command.name + ":" + zsh_text(command.summary)) + "\n";
  out += "  )\n  if ((CURRENT == 2)); then _describe command commands; return; fi\n  case $words[2] in\n";
  for (const auto& command : commands()) {
    out += "    " + command.name + ")\n";
    if (takes_revisions(command)) out += fmt::format("      revisions=(head heads base ${{(f)\"$({})\"}})\n", revisions_in_shell);
    out += "      _arguments" + zsh_options(command.options) + zsh_options(global_options()) + " \\\n        " +
           (takes_revisions(command) ? "'*:revision:compadd -a revisions'" : "'*:file:_files'") + " ;;\n";
  }
  return out + "  esac\n}\ncompdef _migrate migrate\n";
}

std::string fish_line(const std::string& condition, const OptionSpec& option) {
  const auto comma = option.name.find(',');
  return fmt::format("complete -c migrate -n {} -l {}{}{} -d {}\n", single_quoted(condition), option.name.substr(0, comma),
                     comma == std::string::npos ? "" : " -s " + option.name.substr(comma + 1), option.value.empty() ? "" : " -r", single_quoted(option.help));
}

std::string fish() {
  std::string out = "# fish completion of migrate: migrate completion fish | source\n";
  for (const auto& command : commands()) {
    out += fmt::format("complete -c migrate -f -n __fish_use_subcommand -a {} -d {}\n", command.name, single_quoted(command.summary));
  }
  for (const auto& option : global_options()) out += fish_line("true", option);
  for (const auto& command : commands()) {
    const auto condition = "__fish_seen_subcommand_from " + command.name;
    for (const auto& option : command.options) out += fish_line(condition, option);
    if (takes_revisions(command)) {
      out += fmt::format("complete -c migrate -f -n {} -a {}\n", single_quoted(condition), single_quoted("head heads base (" + replace_all(std::string(revisions_in_shell), "'", "\"") + ")"));
    }
  }
  return out;
}

// ---- manual --------------------------------------------------------------------------------------------------------

std::string roff(std::string text) {
  text = replace_all(replace_all(std::move(text), "\\", "\\e"), "-", "\\-");
  std::string out;
  for (const auto& line : split(text, '\n')) out += (line.starts_with('.') || line.starts_with('\'') ? "\\&" : "") + line + "\n";
  return out;
}

std::string roff_options(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const auto& option : options) {
    const auto comma = option.name.find(',');
    std::string left = comma == std::string::npos ? "" : "-" + option.name.substr(comma + 1) + ", ";
    left += long_option(option) + (option.value.empty() ? "" : " " + option.value);
    out += ".TP\n.B " + roff(left) + roff(option.help);
  }
  return out;
}

std::string manual() {
  std::string out = ".TH MIGRATE 1 \"\" \"migrate " + tool_version() + "\" \"User Commands\"\n.SH NAME\nmigrate \\- versioned database migrations\n.SH SYNOPSIS\n.B migrate\n"
                    ".I COMMAND\n[ARGUMENTS]\n.SH COMMANDS\n";
  for (const auto& command : commands()) {
    out += ".SS " + roff(command.usage) + roff(command.summary);
    if (!command.details.empty()) out += ".PP\n" + roff(command.details);
    out += roff_options(command.options);
    if (!command.examples.empty()) out += ".PP\n.nf\n" + roff(command.examples) + ".fi\n";
  }
  out += ".SH OPTIONS\nFor every command:\n" + roff_options(global_options());
  out += ".SH EXIT STATUS\n";
  for (const auto& [code, meaning] : exit_codes()) out += fmt::format(".TP\n.B {}\n{}", code, roff(meaning));
  return out + ".SH FILES\n.TP\n.I migrate.yaml\nthe settings, in the working folder or above\n.TP\n.I migrations/\nthe units, and migrate.sum\n";
}

}  // namespace

const std::vector<std::pair<int, std::string>>& exit_codes() {
  static const std::vector<std::pair<int, std::string>> codes{
      {0, "done"}, {1, "failed"}, {2, "bad usage or configuration"}, {3, "a difference or finding"}, {4, "lock not obtained"}, {5, "needs a person"}};
  return codes;
}

std::string manual_page() { return manual(); }

int run_completion(Context& context) {
  const auto shell = context.arguments.at(0);
  if (shell == "bash") context.output.text(bash());
  else if (shell == "zsh") context.output.text(zsh());
  else if (shell == "fish") context.output.text(fish());
  else throw Error{ErrorKind::usage, "there is no completion for '" + shell + "'", "bash, zsh or fish"};
  return 0;
}

}  // namespace migrate::cli
