#include "autogenerate/rename_match.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "autogenerate/answers.hpp"
#include "autogenerate/names.hpp"

namespace migrate {
namespace {

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

class Matcher {
 public:
  Matcher(const RenameGroup& group, const RenameOptions& options)
      : group_(group), options_(options), before_(group.before.begin(), group.before.end()),
        after_(group.after.begin(), group.after.end()) {}

  std::vector<RenameDecision> decide() {
    take_answers();
    take_hints();
    check_places();
    if (options_.policy != RenamePolicy::never) match_rest();
    if (options_.tell && (group_.kind == RenameKind::table || group_.kind == RenameKind::column || group_.kind == RenameKind::enum_value)) tell();
    return std::move(decisions_);
  }

 private:
  void tell() const {
    for (const auto& from : group_.before) {
      if (after_.contains(from)) continue;
      RenameQuestion question{.kind = group_.kind, .key = key(from), .table = group_.table, .from = from, .candidates = {}, .held = {}, .to = {}};
      for (const auto& to : group_.after) {
        if (!before_.contains(to)) question.candidates.push_back(group_.score(from, to));
      }
      if (question.candidates.empty()) continue;
      std::stable_sort(question.candidates.begin(), question.candidates.end(), before);
      if (group_.held) question.held = group_.held(from);
      for (const auto& decision : decisions_) {
        if (decision.candidate.from != from) continue;
        question.asked = decision.how == RenameDecision::How::review_rename || decision.how == RenameDecision::How::review_drop;
        if (decision.how != RenameDecision::How::review_drop) question.to = decision.candidate.to;
      }
      options_.tell(std::move(question));
    }
  }

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

  /// The names by which a person may call it.
  [[nodiscard]] std::vector<std::string> keys(const std::string& name) const {
    const bool part = group_.kind == RenameKind::column || group_.kind == RenameKind::enum_value;
    return part ? keys_of_part(group_.table, group_.former, name) : std::vector{name};
  }

  [[nodiscard]] bool is_no_rename(const std::string& name) const {
    const auto all = keys(name);
    return std::any_of(all.begin(), all.end(), [&](const auto& one) { return has(options_.answers.no_renames, one); });
  }

  /// --rename and the answers file: certain, even for names that stay (a swap).
  void take_answers() {
    if (options_.answers.renames.empty()) return;
    for (const auto& from : group_.before) {
      for (const auto& called : keys(from)) {
        const auto it = options_.answers.renames.find(called);
        if (it == options_.answers.renames.end()) continue;
        const auto owner = group_.table.text() + ".";
        const auto to = keys(from).front() != from && it->second.starts_with(owner) ? it->second.substr(owner.size()) : it->second;
        if (after_.contains(to) && is_free(from, to)) accept(group_.score(from, to), RenameDecision::How::certain);
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
  void check_hint(const std::string& to, const RenameHint& hint) const {
    const auto contradict = [&](const std::string& what, const std::string& remedy) {
      throw Error{ErrorKind::usage, "the model says that " + key(to) + " was renamed from " + hint.from + ", " + what, remedy, hint.location};
    };
    for (const auto& decision : decisions_) {
      const auto& [from, other] = std::pair(decision.candidate.from, decision.candidate.to);
      if (from == hint.from && other != to) contradict("and --rename says that " + key(from) + " becomes " + other, "take one of the two out");
      if (from != hint.from && other == to) contradict("and --rename says that it was " + from, "take one of the two out");
    }
    if (is_no_rename(hint.from)) contradict("and --no-rename says that " + key(hint.from) + " is dropped", "take one of the two out");
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

  [[nodiscard]] bool may_hold(const std::string& from) const { return group_.held && !group_.held(from).nothing(); }

  [[nodiscard]] RenameCandidate with_held(RenameCandidate candidate) const {
    const auto text = group_.held ? held_text(group_.held(candidate.from), group_.kind == RenameKind::table ? "row" : "value") : "";
    if (!text.empty()) candidate.reasons.push_back("it has " + text);
    return candidate;
  }

  [[nodiscard]] std::vector<RenameCandidate> candidates() const {
    std::vector<RenameCandidate> out;
    for (const auto& from : group_.before) {
      if (after_.contains(from) || used_from_.contains(from) || is_no_rename(from) || options_.settled.contains(key(from))) continue;
      std::vector<RenameCandidate> own;
      for (const auto& to : group_.after) {
        if (before_.contains(to) || used_to_.contains(to)) continue;
        own.push_back(group_.score(from, to));
      }
      // Of those that nothing speaks for, a few are enough to ask about.
      std::stable_sort(own.begin(), own.end(), before);
      std::size_t strangers = 0;
      std::erase_if(own, [&](const RenameCandidate& candidate) { return !candidate.sure && !candidate.question && (candidate.score < 0 || ++strangers > 3); });
      std::move(own.begin(), own.end(), std::back_inserter(out));
    }
    trust_siblings(out);
    std::stable_sort(out.begin(), out.end(), before);
    return out;
  }

  /// Sure ones first, then by score.
  static bool before(const RenameCandidate& a, const RenameCandidate& b) { return std::pair(a.sure, a.score) > std::pair(b.sure, b.score); }

  /// One ending in the place of another in three names and more (order_date_id and order_date_key, ship_date_id and ...) is a way
  /// of naming that changed.
  void trust_siblings(std::vector<RenameCandidate>& all) const {
    std::map<std::pair<std::string, std::string>, std::vector<RenameCandidate*>> siblings;
    if (group_.kind != RenameKind::column) return;
    for (auto& candidate : all) {
      const auto match = match_names(words_of(candidate.from), words_of(candidate.to));
      const bool same_type = has(candidate.reasons, "same type");
      if (match.relation == NameRelation::replaced && same_type && same_ending(match.from_word, match.to_word)) siblings[{match.from_word, match.to_word}].push_back(&candidate);
    }
    for (const auto& [words, pairs] : siblings) {
      if (pairs.size() < 3) continue;
      for (auto* pair : pairs) {
        pair->sure = pair->score >= thresholds_.likely;
        pair->score = std::min(1.0, pair->score + 0.1);
        pair->reasons.emplace_back("others beside it are renamed alike");
      }
    }
  }

  /// Candidates by a name that they have, for looking at a pair's rivals only.
  struct Neighbours {
    std::map<std::string, std::vector<const RenameCandidate*>> of_from, of_to;

    explicit Neighbours(const std::vector<RenameCandidate>& all) {
      for (const auto& candidate : all) {
        of_from[candidate.from].push_back(&candidate);
        of_to[candidate.to].push_back(&candidate);
      }
    }
  };

  /// Another pair with one of the two names that is as likely, unless its own other name has a better one.
  [[nodiscard]] bool has_rival(const RenameCandidate& candidate, const Neighbours& neighbours) const {
    const auto beats = [&](const RenameCandidate& rival) {
      return [&](const RenameCandidate* other) {
        return other->from != candidate.from && other->to != candidate.to && is_free(other->from, other->to) && other->score > rival.score + 0.02;
      };
    };
    const auto is_rival = [&](const RenameCandidate* other) {
      if ((other->from == candidate.from) == (other->to == candidate.to) || !is_free(other->from, other->to) || other->score <= candidate.score - 0.1) return false;
      const auto& beside = other->from == candidate.from ? neighbours.of_to.at(other->to) : neighbours.of_from.at(other->from);
      return std::none_of(beside.begin(), beside.end(), beats(*other));
    };
    const auto& same_from = neighbours.of_from.at(candidate.from);
    const auto& same_to = neighbours.of_to.at(candidate.to);
    return std::any_of(same_from.begin(), same_from.end(), is_rival) || std::any_of(same_to.begin(), same_to.end(), is_rival);
  }

  /// One to one: the sure ones first, then the others, best first. What may hold something is not dropped in silence while
  /// anything comes that is not certainly another's.
  void match_rest() {
    const auto all = candidates();
    const Neighbours neighbours(all);
    std::vector<RenameCandidate> unsure;
    for (const auto& candidate : all) {
      if (!is_free(candidate.from, candidate.to)) continue;
      if (candidate.sure && !has_rival(candidate, neighbours)) accept(candidate, RenameDecision::How::sure);
      else unsure.push_back(with_held(candidate));
    }
    std::stable_sort(unsure.begin(), unsure.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    for (const auto& candidate : unsure) {
      if (is_free(candidate.from, candidate.to) && (candidate.question || may_hold(candidate.from))) decide_unsure(candidate, unsure);
    }
    ask_about_the_rest(unsure);
  }

  /// What is left over when each that comes has been promised: the promise was a question too.
  void ask_about_the_rest(const std::vector<RenameCandidate>& unsure) {
    const auto is_promise = [&](const std::string& to) {
      return std::any_of(decisions_.begin(), decisions_.end(), [&](const RenameDecision& decision) {
        return decision.candidate.to == to && (decision.how == RenameDecision::How::review_rename || decision.how == RenameDecision::How::review_drop);
      });
    };
    for (const auto& candidate : unsure) {
      if (used_from_.contains(candidate.from) || !may_hold(candidate.from) || !is_promise(candidate.to)) continue;
      used_from_.insert(candidate.from);
      decisions_.push_back({candidate, RenameDecision::How::review_drop});
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
    if (group_.through) decisions_.back().through = group_.through(candidate.from, candidate.to);
  }

  const RenameGroup& group_;
  const RenameOptions& options_;
  RenameThresholds thresholds_;
  std::set<std::string> before_;
  std::set<std::string> after_;
  std::set<std::string> used_from_;
  std::set<std::string> used_to_;
  std::vector<RenameDecision> decisions_;
};

}  // namespace

void decide(const RenameGroup& group, const RenameOptions& options, std::vector<RenameDecision>& decisions) {
  // Most tables change nothing: no vanished or no appeared name means no rename, unless something says otherwise.
  if (group.hints.empty() && options.answers.renames.empty()) {
    const std::set<std::string> after(group.after.begin(), group.after.end());
    if (std::all_of(group.before.begin(), group.before.end(), [&](const auto& name) { return after.contains(name); })) return;
  }
  auto more = Matcher(group, options).decide();
  decisions.insert(decisions.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

}  // namespace migrate
