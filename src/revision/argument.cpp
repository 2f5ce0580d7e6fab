#include "revision/argument.hpp"

#include <algorithm>
#include <charconv>

#include "core/text.hpp"

namespace migrate {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool is_keyword(std::string_view text) {
  return text == "head" || text == "heads" || text == "base" || text == "current";
}

[[noreturn]] void fail(std::string_view text, const std::string& what, std::string hint) {
  throw Error{ErrorKind::usage, "the revision '" + std::string(text) + "' " + what, std::move(hint)};
}

/// The ids that a text may stand for: itself, those with its number ("7", "7-9f"), those that start with it.
Ids matches(const Graph& graph, std::string_view text) {
  if (text.empty()) return {};
  if (graph.find(text) != nullptr) return {std::string(text)};
  const auto dash = text.find('-');
  const auto digits = text.substr(0, dash);
  Ids found;
  const auto number = all_digits(digits) ? revision_number(digits) : 0;
  if (number > 0) {
    const auto rest = dash == std::string_view::npos ? std::string_view() : text.substr(dash);
    for (const auto& revision : graph.revisions()) {
      if (revision_number(revision.id) != number) continue;
      const auto behind = std::min(revision.id.find_first_not_of("0123456789"), revision.id.size());
      if (std::string_view(revision.id).substr(behind).starts_with(rest)) found.push_back(revision.id);
    }
  }
  return found.empty() ? graph.with_prefix(text) : found;
}

long long parse_steps(std::string_view argument, std::string_view digits) {
  long long steps = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), steps);
  if (end.ec != std::errc{} || end.ptr != digits.data() + digits.size() || steps < 1 || steps > 1'000'000'000) {
    fail(argument, "has no number of steps behind its sign", "write +1, -2, head-1 or ID+1");
  }
  return steps;
}

/// Reads one argument into its parts.
class ArgumentReader {
 public:
  ArgumentReader(const Graph& graph, std::string_view text) : graph_(graph), text_(trim(text)) { out_.text = text_; }

  RevisionArgument read() {
    if (text_.empty()) fail(text_, "is empty", "name a revision, head, base or -1");
    auto rest = text_;
    if (const auto at = rest.find('@'); at != std::string_view::npos) {
      read_branch(rest.substr(0, at));
      rest = rest.substr(at + 1);
      if (rest.empty()) fail(text_, "names a branch and nothing in it", "write " + out_.branch_name + "@head");
    }
    if (rest.front() == '+' || rest.front() == '-') {
      out_.symbol = "current";
      out_.steps = parse_steps(text_, rest.substr(1)) * (rest.front() == '-' ? -1 : 1);
    } else if (const auto plus = rest.find('+'); plus != std::string_view::npos) {
      out_.steps = parse_steps(text_, rest.substr(plus + 1));
      read_symbol(rest.substr(0, plus));
    } else {
      read_symbol_or_steps_down(rest);
    }
    return std::move(out_);
  }

 private:
  void read_branch(std::string_view name) {
    out_.branch_name = name;
    if (graph_.labels().contains(name)) {
      out_.branch = graph_.branch(name);
      return;
    }
    const auto found = matches(graph_, name);
    if (found.size() == 1) {
      out_.branch_name = found.front();
      out_.branch = graph_.with_descendants(graph_.mark(found));
      return;
    }
    if (found.size() > 1) fail_ambiguous(name, found);
    std::vector<std::string> labels;
    for (const auto& [label, index] : graph_.labels()) labels.push_back(label);
    fail(text_, "names a branch that is not there: no revision has the label '" + std::string(name) + "'",
         labels.empty() ? "no revision has a label; `migrate branches` lists the branches" : did_you_mean(name, labels));
  }

  /// "0007-9" may be a prefix, or one that "-9" steps down from.
  void read_symbol_or_steps_down(std::string_view rest) {
    const auto dash = rest.rfind('-');
    const bool may_step = dash != std::string_view::npos && dash > 0 && all_digits(rest.substr(dash + 1));
    if (!may_step || graph_.find(rest) != nullptr) return read_symbol(rest);
    const auto before = rest.substr(0, dash);
    const auto whole = inside_branch(matches(graph_, rest));
    const bool steps = is_keyword(before) || !inside_branch(matches(graph_, before)).empty();
    if (!steps) return read_symbol(rest);
    const auto count = rest.size() - dash > 10 ? 0 : parse_steps(text_, rest.substr(dash + 1));
    if (!whole.empty() && (count == 0 || count > graph_.size())) return read_symbol(rest);
    if (!whole.empty()) {
      fail(text_,
           "is ambiguous: it may mean " + titles(graph_, whole) + ", or " + std::string(rest.substr(dash + 1)) + " below " +
               std::string(before),
           "write more of the id");
    }
    out_.steps = -parse_steps(text_, rest.substr(dash + 1));
    read_symbol(before);
  }

  void read_symbol(std::string_view symbol) {
    if (is_keyword(symbol)) {
      out_.symbol = symbol;
      return;
    }
    const auto all = matches(graph_, symbol);
    const auto found = inside_branch(all);
    if (found.size() == 1) {
      out_.symbol = found.front();
      return;
    }
    if (found.size() > 1) fail_ambiguous(symbol, found);
    if (!all.empty()) {
      fail(text_, "is not on the branch '" + out_.branch_name + "': " + titles(graph_, all),
           "leave '" + out_.branch_name + "@' out");
    }
    fail_unknown(symbol);
  }

  [[noreturn]] void fail_unknown(std::string_view symbol) const {
    if (graph_.labels().contains(symbol)) fail(text_, "is a label", "write " + std::string(symbol) + "@head");
    std::vector<std::string> known{"head", "heads", "base", "current"};
    for (const auto& revision : graph_.revisions()) known.push_back(revision.id);
    const auto best = nearest(symbol, known);
    fail(text_, "is not there", best.empty() ? "`migrate history` lists the revisions" : "did you mean '" + best + "'?");
  }

  [[noreturn]] void fail_ambiguous(std::string_view symbol, const Ids& found) const {
    fail(text_, "is ambiguous: '" + std::string(symbol) + "' may be " + titles(graph_, found), "write more of the id");
  }

  /// What is on the branch, or below it: a branch may be taken down to where it starts.
  [[nodiscard]] Ids inside_branch(const Ids& ids) const {
    if (!out_.branch) return ids;
    const auto marks = graph_.with_ancestors(*out_.branch);
    Ids out;
    std::copy_if(ids.begin(), ids.end(), std::back_inserter(out),
                 [&](const auto& id) { return marks[static_cast<std::size_t>(graph_.index(id))] != 0; });
    return out;
  }

  const Graph& graph_;
  std::string_view text_;
  RevisionArgument out_;
};

Marks both(Marks a, const Marks& b) {
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = static_cast<char>(a[i] != 0 && b[i] != 0);
  return a;
}

/// Heads, base, current or an id, without steps.
Ids resolve_symbol(const Graph& graph, std::span<const std::string> applied, const RevisionArgument& argument) {
  if (argument.symbol == "base") return {};
  if (argument.symbol == "current") {
    const auto marks = graph.mark(applied);
    return graph.heads_of(argument.branch ? both(marks, *argument.branch) : marks);
  }
  if (argument.symbol != "head" && argument.symbol != "heads") return {argument.symbol};
  auto heads = graph.heads();
  if (argument.branch) heads = graph.ids(both(graph.mark(heads), *argument.branch));
  if (argument.symbol == "head" && heads.size() > 1) {
    fail(argument.text, "is ambiguous: there are " + plural(heads.size(), "head") + ": " + titles(graph, heads),
         "say which one, or `heads` for all of them; `migrate merge heads -m MESSAGE` joins them");
  }
  return heads;
}

std::string explain(const Graph& graph, int from, bool up, const Ids& choices) {
  const auto where = from < 0 ? std::string("base") : graph.at(from).id;
  return "is ambiguous: " + where + (up ? " is followed by " : " is a merge of ") + titles(graph, choices);
}

Position walk(const Graph& graph, const RevisionArgument& argument, const Ids& start) {
  if (start.size() > 1) {
    fail(argument.text, "is ambiguous: its steps may start at " + titles(graph, start),
         "name the one to start at, as in " + start.front() + (argument.steps > 0 ? "+1" : "-1"));
  }
  const bool up = argument.steps > 0;
  const auto on_branch = [&](int i) { return !argument.branch || (*argument.branch)[static_cast<std::size_t>(i)] != 0; };
  int at = start.empty() ? -1 : graph.index(start.front());
  int before = -1;
  const auto count = up ? argument.steps : -argument.steps;
  for (long long step = 0; step < count; ++step) {
    if (at < 0 && !up)
      fail(argument.text, "goes below base: only " + plural(static_cast<std::size_t>(step), "step") + " can be made", "use base");
    Ids choices;
    std::vector<int> next;
    if (at < 0) {
      for (const auto& id : graph.bases()) next.push_back(graph.index(id));
    } else {
      next = up ? graph.children(at) : graph.parents(at);
    }
    if (next.size() > 1 && argument.branch) std::erase_if(next, [&](int i) { return !on_branch(i); });
    for (const int i : next) choices.push_back(graph.at(i).id);
    if (choices.size() > 1) {
      fail(argument.text, explain(graph, at, up, choices),
           "name the revision itself, or a branch as in LABEL@" + std::string(up ? "+1" : "-1"));
    }
    if (choices.empty() && up) {
      fail(argument.text, "goes beyond the head: only " + plural(static_cast<std::size_t>(step), "step") + " can be made",
           "use head");
    }
    before = at;
    at = choices.empty() ? -1 : next.front();
  }
  Position position;
  if (at >= 0) position.revisions = {graph.at(at).id};
  if (!up && before >= 0) position.above = graph.at(before).id;
  return position;
}

}  // namespace

RevisionArgument parse_argument(const Graph& graph, std::string_view text) {
  return ArgumentReader(graph, text).read();
}

Position resolve(const Graph& graph, std::span<const std::string> applied, const RevisionArgument& argument) {
  const auto start = resolve_symbol(graph, applied, argument);
  if (argument.steps == 0) return {start, ""};
  return walk(graph, argument, start);
}

Ids resolve(const Graph& graph, std::span<const std::string> applied, std::string_view text) {
  return resolve(graph, applied, parse_argument(graph, text)).revisions;
}

std::string resolve_one(const Graph& graph, std::span<const std::string> applied, std::string_view text) {
  const auto found = resolve(graph, applied, text);
  if (found.empty()) fail(text, "is no revision", "name one; `migrate history` lists them");
  if (found.size() > 1)
    fail(text, "is " + std::to_string(found.size()) + " revisions: " + titles(graph, found), "name one of them");
  return found.front();
}

bool is_range(std::string_view text) {
  return text.find(':') != std::string_view::npos;
}

RevisionRange resolve_range(const Graph& graph, std::span<const std::string> applied, std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    throw Error{ErrorKind::usage, "'" + std::string(text) + "' is not a range of revisions", "write A:B, A: or :B"};
  }
  const auto from = trim(text.substr(0, colon));
  const auto to = trim(text.substr(colon + 1));
  return {from.empty() ? Ids{} : resolve(graph, applied, from), to.empty() ? graph.heads() : resolve(graph, applied, to)};
}

Ids revisions_in(const Graph& graph, const RevisionRange& range, bool inclusive) {
  const auto below = graph.mark(range.from);
  auto reach = graph.with_needs(graph.mark(range.to));
  const auto excluded = graph.with_needs(below);
  bool any = false;
  for (std::size_t i = 0; i < reach.size(); ++i) {
    const bool kept = reach[i] != 0 && (excluded[i] == 0 || (inclusive && below[i] != 0));
    any = any || kept;
    reach[i] = static_cast<char>(kept);
  }
  if (!any && range.from != range.to) {
    throw Error{ErrorKind::usage, "the range is empty: its end comes before its start", "write it the other way around"};
  }
  return graph.ids(reach);
}

}  // namespace migrate
