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

/// What stands at a place of the command line.
struct Values {
  enum class Kind { words, files, folders, revisions, environments, databases, anything };
  Kind kind = Kind::anything;
  std::string words;
};

Values values_of(const OptionSpec& option) {
  using Kind = Values::Kind;
  if (!option.choices.empty()) return {Kind::words, option.choices};
  if (option.value.find('|') != std::string::npos && lower(option.value) == option.value) return {Kind::words, replace_all(option.value, "|", " ")};
  static const std::vector<std::pair<std::string, Kind>> kinds{{"FILE", Kind::files}, {"FOLDER", Kind::folders}, {"R", Kind::revisions}, {"URL", Kind::databases}};
  for (const auto& [name, kind] : kinds) {
    if (option.value == name) return {kind, {}};
  }
  return {long_option(option) == "--env" ? Kind::environments : Kind::anything, {}};
}

/// Of the words behind a command.
Values values_of(const CommandSpec& command) {
  using Kind = Values::Kind;
  static const std::vector<std::string> revisions{"upgrade", "downgrade", "show", "edit", "stamp", "merge", "history", "lint", "squash", "rehearse", "review", "kept", "purge"};
  static const std::vector<std::string> databases{"copy", "sync", "diff"};
  if (command.name == "completion") return {Kind::words, "bash zsh fish"};
  if (command.name == "help") return {Kind::words, command_names()};
  if (command.name == "fleet") return {Kind::words, "list upgrade downgrade check drift status retry watch"};
  if (std::find(revisions.begin(), revisions.end(), command.name) != revisions.end()) return {Kind::revisions, {}};
  return {std::find(databases.begin(), databases.end(), command.name) != databases.end() ? Kind::databases : Kind::files, {}};
}

/// The words of these values in a shell; `call_begin` and `call_end` stand around a call of the program.
std::string words_in_shell(const Values& values, const std::string& call_begin, const std::string& call_end) {
  using Kind = Values::Kind;
  switch (values.kind) {
    case Kind::words: return values.words;
    // Both are read from files: no database is asked.
    case Kind::revisions: return "head heads base " + call_begin + "migrate completion revisions 2>/dev/null" + call_end;
    case Kind::environments: return call_begin + "migrate completion environments 2>/dev/null" + call_end;
    case Kind::databases: return call_begin + "migrate completion databases 2>/dev/null" + call_end;
    default: return {};
  }
}

// ---- shells --------------------------------------------------------------------------------------------------------

std::string bash_reply(const Values& values) {
  using Kind = Values::Kind;
  if (values.kind == Kind::files) return "COMPREPLY=($(compgen -f -- \"$word\"))";
  if (values.kind == Kind::folders) return "COMPREPLY=($(compgen -d -- \"$word\"))";
  if (values.kind == Kind::anything) return "COMPREPLY=()";
  return "COMPREPLY=($(compgen -W \"" + words_in_shell(values, "$(", ")") + "\" -- \"$word\"))";
}

/// Answers for the options that take a value, when one of them is the word before.
std::string bash_values(const std::vector<OptionSpec>& options, const std::string& indent) {
  std::string out;
  for (const auto& option : options) {
    if (option.value.empty() || option.value.front() == '[') continue;
    const auto comma = option.name.find(',');
    const auto names = comma == std::string::npos ? long_option(option) : long_option(option) + "|-" + option.name.substr(comma + 1);
    out += indent + names + ") " + bash_reply(values_of(option)) + "; return ;;\n";
  }
  return out;
}

std::string bash() {
  std::string out = "# bash completion of migrate: eval \"$(migrate completion bash)\"\n_migrate() {\n  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
                    "  for ((i = 1; i < COMP_CWORD; i++)); do\n    case ${COMP_WORDS[i]} in\n";
  out += "      " + replace_all(command_names(), " ", "|") + ") command=${COMP_WORDS[i]}; break ;;\n    esac\n  done\n";
  out += "  case $before in\n" + bash_values(global_options(), "    ") + "  esac\n";
  out += "  case $command in\n    '') COMPREPLY=($(compgen -W '" + command_names() + "' -- \"$word\")) ;;\n";
  for (const auto& command : commands()) {
    out += "    " + command.name + ")\n";
    if (const auto values = bash_values(command.options, "        "); !values.empty()) out += "      case $before in\n" + values + "      esac\n";
    out += "      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '" + options_of(command) + "' -- \"$word\"))\n";
    out += "      else " + bash_reply(values_of(command)) + "\n      fi ;;\n";
  }
  return out + "  esac\n}\ncomplete -F _migrate migrate\n";
}

/// Text between single quotes in a shell.
std::string single_quoted(const std::string& text) { return "'" + replace_all(text, "'", "'\\''") + "'"; }

std::string zsh_text(std::string text) {
  for (const auto* special : {"\\", "[", "]", ":"}) text = replace_all(text, special, std::string("\\") + special);
  return text;
}

/// What completes these values, behind the ':' of an _arguments specification.
std::string zsh_action(const Values& values) {
  using Kind = Values::Kind;
  if (values.kind == Kind::files) return "_files";
  if (values.kind == Kind::folders) return "_files -/";
  if (values.kind == Kind::anything) return " ";
  if (values.kind == Kind::words) return "(" + values.words + ")";
  return "compadd -- " + words_in_shell(values, "${(f)\"$(", ")\"}");
}

std::string zsh_options(const std::vector<OptionSpec>& options) {
  std::string out;
  for (const auto& option : options) {
    const auto name = long_option(option);
    out += " \\\n        " + single_quoted(name + (option.value.empty() ? "" : "=") + "[" + zsh_text(option.help) + "]" +
                                           (option.value.empty() ? "" : ":" + zsh_text(lower(option.value)) + ":" + zsh_action(values_of(option))));
  }
  return out;
}

std::string zsh() {
  std::string out = "#compdef migrate\n# zsh completion of migrate: eval \"$(migrate completion zsh)\"\n_migrate() {\n  local -a commands\n  commands=(\n";
  for (const auto& command : commands()) out += "    " + single_quoted(command.name + ":" + zsh_text(command.summary)) + "\n";
  out += "  )\n  if ((CURRENT == 2)); then _describe command commands; return; fi\n  case $words[2] in\n";
  for (const auto& command : commands()) {
    out += "    " + command.name + ")\n";
    out += "      _arguments" + zsh_options(command.options) + zsh_options(global_options()) + " \\\n        " + single_quoted("*:argument:" + zsh_action(values_of(command))) + " ;;\n";
  }
  return out + "  esac\n}\ncompdef _migrate migrate\n";
}

/// The words that fish offers, as an argument of `complete`.
std::string fish_values(const Values& values) {
  using Kind = Values::Kind;
  if (values.kind == Kind::files || values.kind == Kind::anything) return {};
  if (values.kind == Kind::folders) return " -f -a \"(__fish_complete_directories)\"";
  return " -f -a " + single_quoted(words_in_shell(values, "(", ")"));
}

std::string fish_line(const std::string& condition, const OptionSpec& option) {
  const auto comma = option.name.find(',');
  return fmt::format("complete -c migrate -n {} -l {}{}{}{} -d {}\n", single_quoted(condition), option.name.substr(0, comma),
                     comma == std::string::npos ? "" : " -s " + option.name.substr(comma + 1), option.value.empty() || option.value.front() == '[' ? "" : " -r",
                     option.value.empty() ? "" : fish_values(values_of(option)), single_quoted(option.help));
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
    if (const auto values = fish_values(values_of(command)); !values.empty()) out += fmt::format("complete -c migrate -n {}{}\n", single_quoted(condition), values);
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

// ---- what a shell asks for ------------------------------------------------------------------------------------------

void list_revisions(Context& context) {
  for (const auto& revision : context.project().graph().revisions()) context.output.line(revision.id);
}

void list_environments(Context& context, const std::string& prefix) {
  for (const auto& name : context.project().config().environments) context.output.line(prefix + name);
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
  else if (shell == "revisions") list_revisions(context);
  else if (shell == "environments") list_environments(context, "");
  else if (shell == "databases") list_environments(context, "@");
  else throw Error{ErrorKind::usage, "there is no completion for '" + shell + "'", "bash, zsh or fish"};
  return 0;
}

}  // namespace migrate::cli
