#include "runner/session_plan.hpp"

#include <algorithm>
#include <array>

#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate {

namespace {

/// What keeps whatever code may have changed and no statement names.
const SessionItem every_setting{SessionItem::Kind::setting, "*"};

bool may_give_numbers(std::string_view sql) {
  static constexpr std::array<std::string_view, 7> verbs{"INSERT", "REPLACE", "WITH", "SELECT", "LOAD", "COPY", "MERGE"};
  return std::any_of(verbs.begin(), verbs.end(), [&](auto verb) { return starts_with_ignoring_case(sql, verb); });
}

}  // namespace

void SessionPlan::follow(const std::vector<Statement>& statements) {
  if (statements.size() < read_) forget();  // a program that passes over what is done already
  for (; read_ < statements.size(); ++read_) {
    const auto& statement = statements[read_];
    auto use = dialect_->sql().session_use(statement);
    if (!temporary_.empty()) note_mentions(read_, statement);
    makes_code_ = makes_code_ || use.makes_code;
    if (!use.plain()) {
      const bool drops = std::all_of(use.ends.begin(), use.ends.end(), [](const SessionItem& item) { return item.kind == SessionItem::Kind::temporary; });
      plain_ = plain_ && drops && use.leaves.empty() && use.needs.empty() && !use.anything;
      for (const auto& item : use.needs) add(read_, item, {.index = read_, .needs = true});
      for (const auto& item : use.leaves) add(read_, item, {.index = read_, .leaves = true, .constant = use.constant});
      for (const auto& item : use.ends) add(read_, item, {.index = read_, .ends = true});
      if (use.anything) first_anything_ = std::min(first_anything_, read_);
      uses_.emplace_back(read_, std::move(use));
    }
    if (may_give_numbers(statement.text)) numbers_.push_back(read_);
  }
}

void SessionPlan::note_mentions(std::size_t index, const Statement& statement) {
  Lexer lexer(statement.text, rules_of(statement, dialect_->sql().lexical_rules()), statement.location);
  std::set<std::string> found;
  for (Token token{}; lexer.next(token);) {
    if (token.is_name()) found.insert(lower(unquote_name(token.text)));
  }
  for (const auto& name : temporary_) {
    if (found.contains(name)) add(index, {SessionItem::Kind::temporary, name}, {.index = index, .needs = true});
  }
}

void SessionPlan::add(std::size_t index, const SessionItem& item, Event event) {
  auto& events = items_[item];
  if (event.leaves && item.kind == SessionItem::Kind::temporary) temporary_.insert(item.name);
  if (event.needs && item.kind == SessionItem::Kind::last_result && index > 0) bind(index - 1, index, true, item);
  if (event.needs && item.kind == SessionItem::Kind::total && index > 0) bind(0, index, true, item);
  const bool left_before = std::any_of(events.begin(), events.end(), [](const Event& other) { return other.leaves && !other.constant; });
  if (event.needs && item.kind == SessionItem::Kind::generated && !is_kept(item) && last_number(index)) bind(*last_number(index), index, false, item);
  else if ((event.needs || event.ends) && left_before && !is_kept(item)) {
    const auto from = std::find_if(events.rbegin(), events.rend(), [](const Event& other) { return other.leaves; });
    const bool ended = std::any_of(events.rbegin(), from, [](const Event& other) { return other.ends; });
    if (!ended) bind(from->index, index, false, item);
  }
  events.push_back(event);
}

void SessionPlan::bind(std::size_t first, std::size_t last, bool strict, const SessionItem& item) {
  for (auto* bonds : {&bonds_, &strict_}) {
    if (bonds == &strict_ && !strict) continue;
    Bond bond{first, last + 1, strict, describe(item)};
    while (!bonds->empty() && bonds->back().end > bond.first) {  // they share a statement
      bond.first = std::min(bond.first, bonds->back().first);
      bond.end = std::max(bond.end, bonds->back().end);
      bond.strict = bond.strict || bonds->back().strict;
      bonds->pop_back();
    }
    bonds->push_back(std::move(bond));
  }
}

SessionPlan::Bond SessionPlan::bond_at(std::size_t index, bool strict) const {
  const auto& bonds = strict ? strict_ : bonds_;
  const auto behind = std::upper_bound(bonds.begin(), bonds.end(), index, [](std::size_t at, const Bond& bond) { return at < bond.first; });
  if (behind == bonds.begin() || std::prev(behind)->end <= index) return {index, index + 1, false, {}};
  return *std::prev(behind);
}

std::optional<std::size_t> SessionPlan::last_number(std::size_t index) const {
  const auto behind = std::lower_bound(numbers_.begin(), numbers_.end(), index);
  return behind == numbers_.begin() ? std::nullopt : std::optional(*std::prev(behind));
}

bool SessionPlan::is_kept(const SessionItem& item) const { return !dialect_->run().keep_expression(item).empty(); }

void SessionPlan::remember(const std::vector<SessionItem>& kept, bool ran_code) {
  for (const auto& item : kept) add(0, item, {.index = 0, .leaves = true});
  if (ran_code) first_anything_ = 0;
}

bool SessionPlan::is_left(const SessionItem& item) const {
  if (item.kind == SessionItem::Kind::generated && !numbers_.empty()) return true;
  const auto events = items_.find(item);
  return events != items_.end() && std::any_of(events->second.begin(), events->second.end(), [](const Event& event) { return event.leaves; });
}

std::vector<std::string> SessionPlan::keep(std::size_t index) const {
  std::vector<std::string> expressions;
  for (const auto& item : kept(index)) expressions.push_back(dialect_->run().keep_expression(item));
  return expressions;
}

std::vector<SessionItem> SessionPlan::kept(std::size_t index) const {
  std::vector<SessionItem> kept;
  if (index == 0) return kept;
  const auto add = [&](const SessionItem& item) {
    if (is_kept(item)) kept.push_back(item);
  };
  const bool by_code = ran_code(index);
  if (by_code) add(every_setting);
  for (const auto& [item, events] : items_) {
    // The number that was given out last is left by whatever inserts, a variable by any trigger. Who sets a setting by its text is run again.
    const bool computed = std::any_of(events.begin(), events.end(), [&](const Event& event) { return event.index < index && event.leaves && !event.constant; });
    if (item.kind != SessionItem::Kind::setting || computed || by_code) add(item);
  }
  return kept;
}

std::vector<std::pair<SessionItem, std::size_t>> SessionPlan::lost(std::size_t index, bool any) const {
  std::vector<std::pair<SessionItem, std::size_t>> lost;
  for (const auto& [item, events] : items_) {
    if (item.kind == SessionItem::Kind::last_result || item.kind == SessionItem::Kind::total || is_kept(item)) continue;
    const Event* left = nullptr;
    const Event* next = nullptr;
    for (const auto& event : events) {
      if (event.index >= index) {
        if (next == nullptr && (event.needs || event.leaves || event.ends)) next = &event;
        continue;
      }
      if (event.ends) left = nullptr;
      else if (event.leaves) left = &event;
    }
    // Everybody may count on a lock or a setting; what is only taken away again nobody needs.
    const bool needed = any || (next != nullptr && next->needs) || item.kind == SessionItem::Kind::setting || item.kind == SessionItem::Kind::lock;
    if (item.kind == SessionItem::Kind::generated && next != nullptr && next->needs && index > 0) lost.emplace_back(item, index - 1);
    else if (left != nullptr && !left->constant && needed && !(item.kind == SessionItem::Kind::prepared && prepares_again(left->index, index))) lost.emplace_back(item, left->index);
  }
  return lost;
}

std::vector<std::pair<SessionItem, std::size_t>> SessionPlan::needs_kept(std::size_t index) const {
  std::vector<std::pair<SessionItem, std::size_t>> needed;
  for (const auto& [item, events] : items_) {
    if (!is_kept(item)) continue;
    std::optional<std::size_t> left;  // by whom
    if (item.kind == SessionItem::Kind::generated) left = last_number(index);
    if (first_anything_ < index) {
      const auto last = std::find_if(uses_.rbegin(), uses_.rend(), [&](const auto& use) { return use.first < index && use.second.anything; });
      left = std::max(left.value_or(0), last->first);
    }
    for (const auto& event : events) {
      if (event.index >= index) {
        if (event.needs && left) needed.emplace_back(item, *left);
        break;
      }
      if (event.leaves && (!left || *left < event.index)) left = event.constant ? std::nullopt : std::optional(event.index);
    }
  }
  return needed;
}

const SessionUse* SessionPlan::use_at(std::size_t index) const {
  const auto it = std::lower_bound(uses_.begin(), uses_.end(), index, [](const auto& use, std::size_t at) { return use.first < at; });
  return it == uses_.end() || it->first != index ? nullptr : &it->second;
}

bool SessionPlan::prepares_again(std::size_t by, std::size_t index) const {
  const auto* use = use_at(by);
  return use != nullptr && std::all_of(use->needs.begin(), use->needs.end(), [&](const SessionItem& item) {
    const auto& events = items_.at(item);
    return is_kept(item) && std::none_of(events.begin(), events.end(), [&](const Event& event) { return event.leaves && event.index > by && event.index < index; });
  });
}

std::vector<std::size_t> SessionPlan::prepared_again(std::size_t index) const {
  std::vector<std::size_t> again;
  for (const auto& [item, events] : items_) {
    if (item.kind != SessionItem::Kind::prepared) continue;
    const Event* left = nullptr;
    for (const auto& event : events) {
      if (event.index >= index) break;
      if (event.ends) left = nullptr;
      else if (event.leaves) left = &event;
    }
    if (left != nullptr && !left->constant && prepares_again(left->index, index)) again.push_back(left->index);
  }
  return again;
}

bool SessionPlan::is_ended(const SessionItem& item, std::size_t from, std::size_t until) const {
  const auto& events = items_.at(item);
  return std::any_of(events.begin(), events.end(), [&](const Event& event) { return event.ends && event.index > from && event.index < until; });
}

bool SessionPlan::replays(std::size_t index, std::size_t until) const {
  const auto* use = use_at(index);
  return use != nullptr && use->constant && !use->anything && !use->leaves.empty() &&
         std::none_of(use->leaves.begin(), use->leaves.end(), [&](const SessionItem& item) { return is_ended(item, index, until); });
}

bool SessionPlan::sets_only(std::size_t index) const {
  const auto* use = use_at(index);
  return use != nullptr && std::all_of(use->leaves.begin(), use->leaves.end(), [](const SessionItem& item) { return item.kind == SessionItem::Kind::setting || item.kind == SessionItem::Kind::variable; });
}

bool SessionPlan::leaves_anything(std::size_t first, std::size_t end) const {
  for (auto i = first; i < end; ++i) {
    const auto* use = use_at(i);
    if (use != nullptr && (use->anything || !use->leaves.empty())) return true;
  }
  return false;
}

bool SessionPlan::changes_kept(std::size_t first, std::size_t end) const {
  // A number is given out by any insert.
  return first > 0 && !items_.empty() && (leaves_anything(first, end) || (last_number(std::string::npos).value_or(0) >= first)) && !keep(first).empty();
}

}  // namespace migrate
