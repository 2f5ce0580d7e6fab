#include "autogenerate/rename.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

/// What the model says of an object: `renamed_from`, and where.
struct Hint {
  std::string from;
  Location location;
};

/// Things of one kind in one place (the tables of a schema, the columns of a table): their names before and after, what
/// the model says of them, and how to compare two.
struct Group {
  RenameKind kind;
  QualifiedName table;
  std::vector<std::string> before;
  std::vector<std::string> after;
  std::map<std::string, Hint> hints;  ///< by new name
  std::function<RenameCandidate(const std::string& from, const std::string& to)> score;
  /// Whether `to` already is what the model says, though a hint says it was called `from`: then a swap has been made.
  std::function<bool(const std::string& name)> already;
};

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Matcher {
 public:
  Matcher(const Group& group, const RenameOptions& options, const RenameThresholds& thresholds)
      : group_(group), options_(options), thresholds_(thresholds), before_(group.before.begin(), group.before.end()),
        after_(group.after.begin(), group.after.end()) {}

  std::vector<RenameDecision> decide() {
    take_answers();
    take_hints();
    check_places();
    if (options_.policy != RenamePolicy::never) match_rest();
    return std::move(decisions_);
  }

 private:
  [[nodiscard]] std::string key(const std::string& name) const {
    const bool part = group_.kind == RenameKind::column || group_.kind == RenameKind::enum_value;
    return part ? group_.table.text() + "." + name : name;
  }

  [[nodiscard]] bool is_free(const std::string& from, const std::string& to) const { return !used_from_.contains(from) && !used_to_.contains(to); }

  void accept(RenameCandidate candidate, RenameDecision::How how) {
    used_from_.insert(candidate.from);
    used_to_.insert(candidate.to);
    decisions_.push_back({std::move(candidate), how});
  }

  /// --rename and the answers file: certain, even for names that stay (a swap).
  void take_answers() {
    for (const auto& from : group_.before) {
      const auto it = options_.answers.renames.find(key(from));
      if (it == options_.answers.renames.end()) continue;
      if (after_.contains(it->second) && is_free(from, it->second)) {
        accept(group_.score(from, it->second), RenameDecision::How::certain);
      }
    }
  }

  /// A name that an answer gives away has to be free, or to become so by another rename.
  void check_places() const {
    for (const auto& decision : decisions_) {
      const auto& [from, to] = std::pair(decision.candidate.from, decision.candidate.to);
      if (!before_.contains(to) || used_from_.contains(to)) continue;
      throw Error{ErrorKind::usage, key(from) + " cannot be renamed to " + to + ": the database has " + key(to) + " already, and it would be lost",
                  "drop or rename " + key(to) + " in a revision of its own first"};
    }
  }

  /// A hint holds while its old name exists and its new name does not, or is itself renamed away (chains, swaps).
  void take_hints() {
    std::map<std::string, std::string> active;  // new -> old
    for (const auto& [to, hint] : group_.hints) {
      if (!before_.contains(hint.from) || !after_.contains(to) || hint.from == to) continue;
      if (!before_.contains(to)) check_hint(to, hint);
      if (is_free(hint.from, to)) active[to] = hint.from;
    }
    for (bool changed = true; changed;) {
      changed = false;
      std::set<std::string> sources;
      for (const auto& [to, from] : active) sources.insert(from);
      for (auto it = active.begin(); it != active.end();) {
        const bool target_taken = before_.contains(it->first) && !sources.contains(it->first);
        const bool source_stays = after_.contains(it->second) && !active.contains(it->second);
        if (target_taken || source_stays) {
          it = active.erase(it);
          changed = true;
        } else {
          ++it;
        }
      }
    }
    drop_finished_cycles(active);
    std::set<std::string> taken;
    for (const auto& [to, from] : active) {
      if (taken.insert(from).second) accept(group_.score(from, to), RenameDecision::How::certain);
    }
  }

  /// A hint whose old name is there and whose new one is not is one to follow: nothing else may say otherwise.
  void check_hint(const std::string& to, const Hint& hint) const {
    const auto contradict = [&](const std::string& what, const std::string& remedy) {
      throw Error{ErrorKind::usage, "the model says that " + key(to) + " was renamed from " + hint.from + ", " + what, remedy, hint.location};
    };
    for (const auto& decision : decisions_) {
      const auto& [from, other] = std::pair(decision.candidate.from, decision.candidate.to);
      if (from == hint.from && other != to) contradict("and --rename says that " + key(from) + " becomes " + other, "take one of the two out");
      if (from != hint.from && other == to) contradict("and --rename says that it was " + from, "take one of the two out");
    }
    if (has(options_.answers.no_renames, key(hint.from))) contradict("and --no-rename says that " + key(hint.from) + " is dropped", "take one of the two out");
    if (after_.contains(hint.from) && !group_.hints.contains(hint.from)) {
      contradict("but it has " + key(hint.from) + " too", "rename it in one revision, and make the new " + hint.from + " in the next");
    }
  }

  /// In a swap both names exist before and after: it has been made if everything already is what the model says.
  void drop_finished_cycles(std::map<std::string, std::string>& active) const {
    std::set<std::string> finished;
    for (const auto& [start, unused] : active) {
      std::vector<std::string> cycle;
      auto at = active.find(start);
      while (at != active.end() && !has(cycle, at->first)) {
        cycle.push_back(at->first);
        at = active.find(at->second);
      }
      const bool closed = at != active.end() && at->first == start;
      if (closed && std::all_of(cycle.begin(), cycle.end(), [&](const auto& name) { return group_.already && group_.already(name); })) {
        finished.insert(cycle.begin(), cycle.end());
      }
    }
    for (const auto& name : finished) active.erase(name);
  }

  [[nodiscard]] std::vector<RenameCandidate> candidates() const {
    std::vector<RenameCandidate> out;
    for (const auto& from : group_.before) {
      if (after_.contains(from) || used_from_.contains(from) || has(options_.answers.no_renames, key(from))) continue;
      for (const auto& to : group_.after) {
        if (before_.contains(to) || used_to_.contains(to)) continue;
        auto candidate = group_.score(from, to);
        if (candidate.score >= thresholds_.possible) out.push_back(std::move(candidate));
      }
    }
    std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    return out;
  }

  /// One to one, best first. A pair with a near rival is not sure, however high its score.
  void match_rest() {
    const auto all = candidates();
    for (const auto& candidate : all) {
      if (!is_free(candidate.from, candidate.to)) continue;
      const bool rival = std::any_of(all.begin(), all.end(), [&](const RenameCandidate& other) {
        const bool shares = (other.from == candidate.from) != (other.to == candidate.to);
        return shares && is_free(other.from, other.to) && other.score > candidate.score - 0.1;
      });
      if (candidate.score >= thresholds_.sure && !rival) {
        accept(candidate, RenameDecision::How::sure);
      } else {
        decide_unsure(candidate, all);
      }
    }
  }

  void decide_unsure(const RenameCandidate& candidate, const std::vector<RenameCandidate>& all) {
    using How = RenameDecision::How;
    const bool likely = candidate.score >= thresholds_.likely;
    if (options_.policy == RenamePolicy::automatic) {
      if (likely) accept(candidate, How::sure);
      return;
    }
    if (options_.policy == RenamePolicy::ask && options_.ask) {
      std::vector<RenameCandidate> choices;
      for (const auto& other : all) {
        if (other.from == candidate.from && is_free(other.from, other.to)) choices.push_back(other);
      }
      const int chosen = options_.ask(choices);
      if (chosen >= 0 && chosen < static_cast<int>(choices.size())) {
        accept(choices[static_cast<std::size_t>(chosen)], How::certain);
        return;
      }
      if (chosen == -1) {
        used_from_.insert(candidate.from);
        return;
      }
    }
    accept(candidate, likely ? How::review_rename : How::review_drop);
  }

  const Group& group_;
  const RenameOptions& options_;
  const RenameThresholds& thresholds_;
  std::set<std::string> before_;
  std::set<std::string> after_;
  std::set<std::string> used_from_;
  std::set<std::string> used_to_;
  std::vector<RenameDecision> decisions_;
};

void decide(const Group& group, const RenameOptions& options, std::vector<RenameDecision>& decisions) {
  // Most tables change nothing: no vanished or no appeared name means no rename, unless something says otherwise.
  if (group.hints.empty() && options.answers.renames.empty()) {
    const std::set<std::string> after(group.after.begin(), group.after.end());
    if (std::all_of(group.before.begin(), group.before.end(), [&](const auto& name) { return after.contains(name); })) return;
  }
  auto more = Matcher(group, options, RenameThresholds{}).decide();
  decisions.insert(decisions.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

template <class T, class Score>
void decide_objects(RenameKind kind, const std::vector<T>& live, const std::vector<T>& declared, const RenameOptions& options, const Score& score,
                    std::vector<RenameDecision>& decisions) {
  Group group{.kind = kind};
  std::map<std::string, const T*> from_text;
  std::map<std::string, const T*> to_text;
  for (const auto& object : live) {
    group.before.push_back(object.name.text());
    from_text[object.name.text()] = &object;
  }
  for (const auto& object : declared) {
    group.after.push_back(object.name.text());
    to_text[object.name.text()] = &object;
    if (!object.declared.renamed_from.empty()) group.hints[object.name.text()] = {object.declared.renamed_from, object.declared.location};
  }
  group.score = [&](const std::string& from, const std::string& to) {
    RenameCandidate candidate = score(*from_text.at(from), *to_text.at(to));
    candidate.kind = kind;
    candidate.from = from;
    candidate.to = to;
    return candidate;
  };
  decide(group, options, decisions);
}

/// Objects that are a definition and nothing else: the same definition under another name is a rename.
template <class T>
RenameCandidate score_definitions(const T& from, const T& to) {
  RenameCandidate candidate;
  const auto without_name = [](std::string text, const std::string& name) { return collapse_spaces(replace_all(lower(text), lower(name), "")); };
  const bool same = without_name(from.definition, from.name.name) == without_name(to.definition, to.name.name);
  if (same) candidate.reasons.emplace_back("same definition");
  candidate.score = same ? 0.95 : 0.2 * name_similarity(from.name.name, to.name.name);
  return candidate;
}

RenameCandidate score_enums(const EnumType& from, const EnumType& to) {
  RenameCandidate candidate;
  double same = 0;
  for (const auto& value : from.values) {
    if (std::find(to.values.begin(), to.values.end(), value) != to.values.end()) same += 1;
  }
  const double share = same / static_cast<double>(std::max<std::size_t>(1, std::max(from.values.size(), to.values.size())));
  candidate.score = 0.6 * share + 0.4 * name_similarity(from.name.name, to.name.name) + (share == 1 ? 0.2 : 0);
  candidate.reasons.emplace_back("similar values");
  return candidate;
}

}  // namespace

std::vector<RenameDecision> find_object_renames(const Schema& live, const Schema& declared, const RenameOptions& options) {
  std::vector<RenameDecision> decisions;
  decide_objects(RenameKind::table, live.tables, declared.tables, options, score_tables, decisions);
  decide_objects(RenameKind::enum_type, live.enums, declared.enums, options, score_enums, decisions);
  decide_objects(RenameKind::domain, live.domains, declared.domains, options, [](const Domain& from, const Domain& to) {
    RenameCandidate candidate;
    candidate.score = from.type == to.type && from.checks.size() == to.checks.size() ? 0.45 + 0.5 * name_similarity(from.name.name, to.name.name) : 0.1;
    return candidate;
  }, decisions);
  decide_objects(RenameKind::sequence, live.sequences, declared.sequences, options, [](const Sequence& from, const Sequence& to) {
    RenameCandidate candidate;
    candidate.score = from.sequence == to.sequence && from.type == to.type ? 0.45 + 0.5 * name_similarity(from.name.name, to.name.name) : 0.1;
    return candidate;
  }, decisions);
  decide_objects(RenameKind::view, live.views, declared.views, options, [](const View& from, const View& to) {
    return from.materialized == to.materialized ? score_definitions(from, to) : RenameCandidate{};
  }, decisions);
  return decisions;
}

std::vector<RenameDecision> find_part_renames(const Schema& live, const Schema& declared, const RenameOptions& options) {
  std::vector<RenameDecision> decisions;
  std::map<QualifiedName, const Table*> live_tables;
  for (const auto& table : live.tables) live_tables.emplace(table.name, &table);
  for (const auto& after : declared.tables) {
    const auto it = live_tables.find(after.name);
    if (it == live_tables.end()) continue;
    const Table& before = *it->second;
    Group group{.kind = RenameKind::column, .table = after.name};
    for (const auto& column : before.columns) group.before.push_back(column.name);
    for (const auto& column : after.columns) {
      group.after.push_back(column.name);
      if (!column.declared.renamed_from.empty()) group.hints[column.name] = {column.declared.renamed_from, column.declared.location};
    }
    group.score = [&](const std::string& from, const std::string& to) {
      return score_columns(before, *find_named(before.columns, from), after, *find_named(after.columns, to));
    };
    group.already = [&](const std::string& name) { return *find_named(before.columns, name) == *find_named(after.columns, name); };
    decide(group, options, decisions);
  }
  for (const auto& after : declared.enums) {
    const auto* before = find_named(live.enums, after.name);
    if (before == nullptr) continue;
    Group group{.kind = RenameKind::enum_value, .table = after.name, .before = before->values, .after = after.values};
    for (const auto& [to, from] : after.declared.value_renames) group.hints[to] = {from, after.declared.location};
    const auto place = [](const std::vector<std::string>& values, const std::string& value) { return std::find(values.begin(), values.end(), value) - values.begin(); };
    group.score = [&](const std::string& from, const std::string& to) {
      RenameCandidate candidate{.kind = RenameKind::enum_value, .table = after.name, .from = from, .to = to};
      const bool same_place = place(before->values, from) == place(after.values, to) && before->values.size() == after.values.size();
      candidate.score = 0.55 * name_similarity(from, to) + (same_place ? 0.4 : 0);
      if (same_place) candidate.reasons.emplace_back("same place");
      return candidate;
    };
    decide(group, options, decisions);
  }
  return decisions;
}

}  // namespace migrate
