#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "autogenerate/answers.hpp"
#include "autogenerate/compare.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/sql/lexer.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

QualifiedName split_name(const std::string& text, const std::vector<QualifiedName>& known) {
  for (const auto& name : known) {
    if (name.text() == text) return name;
  }
  return {"", text};
}

template <class T>
std::vector<QualifiedName> names_of(const std::vector<T>& items) {
  std::vector<QualifiedName> names;
  for (const auto& item : items) names.push_back(item.name);
  return names;
}

/// "users.email" or "users"
std::string full_name(const RenameCandidate& candidate, const std::string& name) {
  return candidate.kind == RenameKind::column ? candidate.table.text() + "." + name : name;
}

class RenameMaker {
 public:
  RenameMaker(const Schema& live, const Schema& declared, const Dialect& dialect)
      : live_(live), declared_(declared), dialect_(dialect) {}

  void make(const std::vector<RenameDecision>& decisions) {
    for (const auto& decision : in_order(decisions)) {
      if (decision.how == RenameDecision::How::review_drop) reviewed_drops_.push_back(decision);
      else make_one(decision);
    }
  }

  Renamed take() { return std::move(result_); }
  [[nodiscard]] const Schema& schema() const { return result_.schema ? *result_.schema : live_; }
  [[nodiscard]] const std::vector<RenameDecision>& reviewed_drops() const { return reviewed_drops_; }

  /// The tables that were renamed, chains and swaps over temporary names followed back.
  [[nodiscard]] FormerTables former_tables() const {
    FormerTables former;
    for (const auto& change : result_.changes) {
      const auto* rename = change.as<Rename<Table>>();
      if (rename == nullptr) continue;
      FormerName before{rename->from, change.review.empty()};
      if (const auto it = former.find(rename->from); it != former.end()) {
        before = it->second;
        former.erase(it);
      }
      former[rename->to] = before;
    }
    return former;
  }

 private:
  /// Chains from their end (b to c before a to b); a cycle is opened by going over a temporary name.
  static std::vector<RenameDecision> in_order(std::vector<RenameDecision> pending) {
    std::vector<RenameDecision> ordered;
    std::vector<RenameDecision> closing;
    const auto blocked = [&](const RenameDecision& decision) {
      return std::any_of(pending.begin(), pending.end(), [&](const RenameDecision& other) {
        return &other != &decision && other.candidate.kind == decision.candidate.kind && other.candidate.table == decision.candidate.table &&
               other.candidate.from == decision.candidate.to && other.how != RenameDecision::How::review_drop;
      });
    };
    while (!pending.empty()) {
      auto it = std::find_if(pending.begin(), pending.end(), [&](const auto& decision) { return !blocked(decision); });
      if (it == pending.end()) {
        it = pending.begin();
        RenameDecision second = *it;
        const std::string temporary = it->candidate.from + "_renamed";
        it->candidate.to = temporary;
        second.candidate.from = temporary;
        closing.push_back(second);
      }
      ordered.push_back(*it);
      pending.erase(it);
    }
    ordered.insert(ordered.end(), closing.begin(), closing.end());
    return ordered;
  }

  void make_one(const RenameDecision& decision) {
    const auto& candidate = decision.candidate;
    PlannedChange change{operation_for(candidate)};
    if (decision.how == RenameDecision::How::certain) {
      change.note = fmt::format("renamed: {} to {}", full_name(candidate, candidate.from), candidate.to);
    } else {
      change.note = fmt::format("renamed, not dropped: {} to {} ({})", full_name(candidate, candidate.from), candidate.to, why(candidate));
    }
    if (decision.how == RenameDecision::How::review_rename) {
      change.review = fmt::format("was {} renamed to {}? ({}) If it was not, take the other statements.{}",
                                  full_name(candidate, candidate.from), candidate.to, why(candidate), chain_text(decision));
      change.alternative = drop_and_add(candidate);
      change.note.clear();
    }
    if (!result_.schema) result_.schema = live_;
    dialect_.catalog().apply(*result_.schema, change.operation);
    result_.changes.push_back(std::move(change));
  }

  template <class T>
  Operation rename_object(const RenameCandidate& candidate, const std::vector<T>& before, const std::vector<T>& after) const {
    const auto from = split_name(candidate.from, names_of(before));
    const auto to = split_name(candidate.to, names_of(after));
    Rename<T> rename{from, to, {}, {}};
    if constexpr (std::is_same_v<T, View>) {
      if (const auto* view = find_named(before, from)) rename.kind = view->materialized ? "materialized" : "";
    }
    if constexpr (std::is_same_v<T, Routine>) {
      const auto* routine = find_named(before, from);
      rename.kind = routine->kind == Routine::Kind::procedure ? "procedure" : "function";
      rename.arguments = routine->arguments;
    }
    if constexpr (std::is_same_v<T, Definition>) {
      if (const auto* definition = find_named(before, from)) rename.kind = definition->kind;
    }
    return rename;
  }

  Operation operation_for(const RenameCandidate& candidate) const {
    const Schema& now = schema();
    switch (candidate.kind) {
      case RenameKind::table: return rename_object(candidate, now.tables, declared_.tables);
      case RenameKind::view: return rename_object(candidate, now.views, declared_.views);
      case RenameKind::enum_type: return rename_object(candidate, now.enums, declared_.enums);
      case RenameKind::domain: return rename_object(candidate, now.domains, declared_.domains);
      case RenameKind::sequence: return rename_object(candidate, now.sequences, declared_.sequences);
      case RenameKind::routine: return rename_object(candidate, now.routines, declared_.routines);
      case RenameKind::definition: return rename_object(candidate, now.definitions, declared_.definitions);
      case RenameKind::enum_value: return value_rename(candidate);
      default: return RenamePart<Column>{candidate.table, candidate.from, candidate.to};
    }
  }

  Operation value_rename(const RenameCandidate& candidate) const {
    EnumType before = *find_named(schema().enums, candidate.table);
    EnumType after = before;
    std::replace(after.values.begin(), after.values.end(), candidate.from, candidate.to);
    after.declared.value_renames = {{candidate.to, candidate.from}};
    return Alter<EnumType>{before, after};
  }

  std::vector<Operation> drop_and_add(const RenameCandidate& candidate) const {
    if (candidate.kind == RenameKind::column) {
      const auto* before = find_named(schema().tables, candidate.table);
      const auto* after = find_named(declared_.tables, candidate.table);
      return {Remove<Column>{candidate.table, *find_named(before->columns, candidate.from)},
              Add<Column>{candidate.table, *find_named(after->columns, candidate.to)}};
    }
    if (candidate.kind == RenameKind::table) {
      const auto rename = std::get<Rename<Table>>(operation_for(candidate));
      return {Drop<Table>{*find_named(schema().tables, rename.from)}, Create<Table>{*find_named(declared_.tables, rename.to)}};
    }
    return {};
  }

  const Schema& live_;
  const Schema& declared_;
  const Dialect& dialect_;
  Renamed result_;
  std::vector<RenameDecision> reviewed_drops_;
};

}  // namespace

namespace {

/// Asks by the names that the database has, and remembers by those that things have after the renames.
HeldCounter remembering(const RenameOptions& options, const Schema& live, const FormerTables& former, HeldCounts& held) {
  if (!options.count) return {};
  return [&options, &live, &former, &held](const std::vector<HeldPlace>& places) {
    std::map<HeldPlace, HeldPlace> now;
    std::vector<HeldPlace> asked;
    for (const auto& place : places) {
      const auto it = former.find(place.table);
      asked.push_back({it == former.end() ? place.table : it->second.name, place.column});
      now[asked.back()] = place;
    }
    HeldCounts counts;
    for (auto [place, count] : options.count(asked)) {
      // Whom policies hide rows from sees none of those that are there.
      const auto* table = find_named(live.tables, place.table);
      if (count.count == 0 && table != nullptr && !table->policies.empty()) count.known = false;
      counts[now.at(place)] = count;
    }
    held.insert(counts.begin(), counts.end());
    return counts;
  };
}

}  // namespace

std::string why(const RenameCandidate& candidate) {
  return fmt::format("{}; score {:.2f}", join(candidate.reasons, ", "), candidate.score);
}

std::string chain_text(const RenameDecision& decision) {
  if (decision.through.empty()) return "";
  const auto& [table, from, to] = std::tie(decision.candidate.table, decision.candidate.from, decision.candidate.to);
  return fmt::format(" Or did {2} become {3}, and {1} become {2}? Then write this unit again with --rename {0}.{2}:{3} --rename {0}.{1}:{2}.", table.text(), from, decision.through, to);
}

Renamed make_renames(const Schema& live, const Schema& declared, const RenameOptions& options, const Dialect& dialect) {
  RenameMaker maker(live, declared, dialect);
  FormerTables former;
  HeldCounts held;
  RenameOptions with_memory = options;
  with_memory.count = remembering(options, live, former, held);
  auto decisions = find_object_renames(live, declared, with_memory);
  maker.make(decisions);
  former = maker.former_tables();
  const auto parts = find_part_renames(maker.schema(), declared, with_memory, former);
  maker.make(parts);
  decisions.insert(decisions.end(), parts.begin(), parts.end());
  check_answers(options.answers, live, declared, decisions, former);
  Renamed renamed = maker.take();
  renamed.reviewed_drops = maker.reviewed_drops();
  renamed.held = std::move(held);
  renamed.former = std::move(former);
  return renamed;
}

}  // namespace migrate
