// What a person says beforehand (options, --answers) and on a terminal.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "cli/draft.hpp"
#include "core/filesystem.hpp"
#include "core/text.hpp"

namespace migrate::cli {
namespace {

/// Letters for what something becomes that is no rename; nothing: none of them.
std::optional<int> say_of(const std::string& answer, bool stays) {
  if (answer == "r") return say_review;
  if (answer == "d") return say_dropped;
  if (answer == "k" && stays) return say_kept;
  if (answer == "a" && stays) return say_aside;
  return std::nullopt;
}

constexpr const char* stay_choices = "  k) kept, although the model leaves it out\n  a) moved aside, to another name\n";

int ask_rename(const Output& output, const std::vector<RenameCandidate>& candidates) {
  const auto& first = candidates.front();
  const bool column = first.kind == RenameKind::column;
  auto question = fmt::format("{}{} is gone. What became of it?\n", column ? first.table.text() + "." : std::string(), first.from);
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    question += fmt::format("  {}) renamed to {} ({}; score {:.2f})\n", i + 1, candidates[i].to, join(candidates[i].reasons, ", "), candidates[i].score);
  }
  const bool stays = column || first.kind == RenameKind::table;
  output.ask(question + "  d) dropped, with its data\n" + (stays ? stay_choices : "") + "  r) leave it under REVIEW in the unit\n");
  while (true) {
    output.ask("choice: ");
    std::string answer;
    if (!std::getline(std::cin, answer)) return say_review;
    if (const auto said = say_of(answer, stays)) return *said;
    const bool digits = !answer.empty() && answer.size() < 4 && std::all_of(answer.begin(), answer.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (digits && std::stoul(answer) >= 1 && std::stoul(answer) <= candidates.size()) return std::stoi(answer) - 1;
  }
}

/// A line of the terminal; nothing at its end.
std::optional<std::string> ask_line(const Output& output, const std::string& question) {
  output.ask(question);
  std::string answer;
  if (!std::getline(std::cin, answer)) return std::nullopt;
  return answer;
}

std::optional<FillRule> ask_fill(const Output& output, const DataQuestion& question) {
  output.ask(fmt::format("{} ({}{}) needs a value in the rows that are there. What do they get?\n  c) a text or a number, the same in each\n  e) an SQL expression over the row's columns\n"
                         "  f) the value of another column\n{}  n) a random text\n  r) leave it under REVIEW in the unit\n",
                         question.key, question.type, question.unique ? ", unique" : "", question.row_key.size() == 1 ? "  k) the row's key, behind a text\n" : ""));
  static const std::map<std::string, std::pair<FillRule::Kind, std::string>> kinds{{"c", {FillRule::Kind::constant, "value: "}},
                                                                                   {"e", {FillRule::Kind::expression, "expression: "}},
                                                                                   {"f", {FillRule::Kind::column, "column: "}},
                                                                                   {"k", {FillRule::Kind::key, "text in front of the key (may be empty): "}},
                                                                                   {"n", {FillRule::Kind::random, ""}}};
  while (true) {
    const auto choice = ask_line(output, "choice: ");
    if (!choice || *choice == "r") return std::nullopt;
    const auto it = kinds.find(*choice);
    if (it == kinds.end()) continue;
    const auto& [kind, prompt] = it->second;
    const auto text = prompt.empty() ? std::optional<std::string>("") : ask_line(output, prompt);
    if (!text) return std::nullopt;
    return FillRule{.kind = kind, .text = *text};
  }
}

ValueMap ask_values(const Output& output, const DataQuestion& question) {
  ValueMap map;
  output.ask(fmt::format("{} loses values. What do rows that hold them get?{}\n  (an empty line leaves a value under REVIEW, NULL empties the column)\n", question.key,
                         question.new_values.empty() ? std::string() : " One of: " + join(question.new_values, ", ")));
  for (const auto& [value, rows] : question.old_values) {
    if (rows == 0) continue;
    while (true) {
      const auto answer = ask_line(output, fmt::format("{} ({}): ", value, plural(static_cast<std::size_t>(rows), "row")));
      if (!answer) return map;
      if (answer->empty()) break;
      const bool known = question.new_values.empty() || std::find(question.new_values.begin(), question.new_values.end(), *answer) != question.new_values.end();
      if (!known && *answer != "NULL") continue;
      map[value] = known ? std::optional(*answer) : std::nullopt;
      break;
    }
  }
  return map;
}

}  // namespace

int ask_loss(const Output& output, const std::string& key, const std::string& held) {
  output.ask(key + " is in no model any more" + (held.empty() ? "" : ", and has " + held) + ". What becomes of it?\n  d) dropped, with its data\n" + stay_choices);
  while (true) {
    const auto answer = ask_line(output, "choice: ");
    if (!answer) return say_review;
    if (const auto said = say_of(*answer, true); said && *said != say_review) return *said;
  }
}

Answers given_answers(Context& context) {
  Answers answers;
  for (const auto& text : context.arguments.all("rename")) add_rename(answers.renames, text);
  for (const auto& text : context.arguments.all("no-rename")) answers.renames.no_renames.push_back(text);
  if (const auto file = context.arguments.get("answers"); !file.empty()) parse_answers(answers, read_file(file), file);
  refuse_contradictions(answers.renames);
  return answers;
}

RenameOptions rename_options(Context& context) {
  RenameOptions options;
  options.kept = context.project_or_none().config().keep.on;
  options.answers = given_answers(context).renames;
  const auto policy = context.arguments.get("rename-policy", context.may_ask() ? "ask" : "review");
  if (policy == "ask") options.policy = RenamePolicy::ask;
  else if (policy == "auto") options.policy = RenamePolicy::automatic;
  else if (policy == "never") options.policy = RenamePolicy::never;
  else if (policy == "review") options.policy = RenamePolicy::review;
  else throw Error{ErrorKind::usage, "--rename-policy cannot be '" + policy + "'", "ask, auto, never or review"};
  if (options.policy == RenamePolicy::ask && context.may_ask()) options.ask = [&context](const std::vector<RenameCandidate>& candidates) { return ask_rename(context.output, candidates); };
  return options;
}

bool ask_about_rows(const Output& output, const std::vector<DataQuestion>& questions, DataAnswers& answers) {
  bool said = false;
  for (const auto& question : questions) {
    if (!question.asked) continue;
    if (question.kind == DataQuestion::Kind::fill) {
      if (auto rule = ask_fill(output, question)) {
        answers.fills[question.key] = std::move(*rule);
        said = true;
      }
    } else if (auto map = ask_values(output, question); !map.empty()) {
      answers.values[question.key].merge(map);
      said = true;
    }
  }
  return said;
}

}  // namespace migrate::cli
