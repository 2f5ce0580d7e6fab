#include "autogenerate/rename.hpp"

#include <algorithm>
#include <set>

#include "autogenerate/names.hpp"
#include "autogenerate/rename_match.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"

namespace migrate {
namespace {

template <class T, class Score>
void decide_objects(RenameKind kind, const std::vector<T>& live, const std::vector<T>& declared, const RenameOptions& options, const Score& score,
                    std::vector<RenameDecision>& decisions, const std::function<Held(const QualifiedName&)>& held = {}) {
  RenameGroup group{.kind = kind};
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
  if (held) group.held = [&](const std::string& from) { return held(from_text.at(from)->name); };
  decide(group, options, decisions);
}

/// Nothing is lost when it is dropped and made again: it is a rename when it looks like one, and never a question.
void settle(RenameCandidate& candidate, double enough) { candidate.sure = candidate.score >= enough; }

/// Objects that are a definition and nothing else: the same definition under another name is a rename.
template <class T>
RenameCandidate score_definitions(const T& from, const T& to) {
  RenameCandidate candidate;
  const auto without_name = [](std::string text, const std::string& name) { return collapse_spaces(replace_all(lower(text), lower(name), "")); };
  const bool same = without_name(from.definition, from.name.name) == without_name(to.definition, to.name.name);
  candidate.reasons.emplace_back(same ? "same definition" : "another definition");
  candidate.score = same ? 0.95 : 0.2 * name_similarity(from.name.name, to.name.name);
  settle(candidate, 0.9);
  return candidate;
}

/// Of the things that a model has as text alone those of one kind.
std::vector<Definition> definitions_of(const Schema& schema, const char* kind) {
  std::vector<Definition> found;
  std::copy_if(schema.definitions.begin(), schema.definitions.end(), std::back_inserter(found), [&](const Definition& definition) { return definition.kind == kind; });
  return found;
}

/// The routines without overloads, which a name alone tells.
std::vector<Routine> named_alone(const Schema& schema) {
  std::map<std::string, int> count;
  for (const auto& routine : schema.routines) ++count[routine.name.text()];
  std::vector<Routine> found;
  std::copy_if(schema.routines.begin(), schema.routines.end(), std::back_inserter(found), [&](const Routine& routine) { return count[routine.name.text()] == 1; });
  return found;
}

bool one_signature(const Routine& from, const Routine& to) { return from.kind == to.kind && from.arguments == to.arguments; }

/// A routine with other arguments is another one, whatever the model calls it: it is made anew.
std::vector<Routine> with_hints_that_hold(const std::vector<Routine>& live, std::vector<Routine> declared) {
  for (auto& routine : declared) {
    const auto before = std::find_if(live.begin(), live.end(), [&](const Routine& other) { return other.name.text() == routine.declared.renamed_from; });
    if (before != live.end() && !one_signature(*before, routine)) routine.declared.renamed_from.clear();
  }
  return declared;
}

RenameCandidate score_enums(const EnumType& from, const EnumType& to) {
  RenameCandidate candidate;
  double same = 0;
  for (const auto& value : from.values) {
    if (std::find(to.values.begin(), to.values.end(), value) != to.values.end()) same += 1;
  }
  const double share = same / static_cast<double>(std::max<std::size_t>(1, std::max(from.values.size(), to.values.size())));
  candidate.score = std::min(1.0, 0.6 * share + 0.4 * name_similarity(from.name.name, to.name.name) + (share == 1 ? 0.2 : 0));
  candidate.reasons.emplace_back(share == 1 ? "the same values" : share > 0 ? "some of the same values" : "other values");
  settle(candidate, 0.6);
  return candidate;
}

/// Domains and sequences: what they are like, and the name.
RenameCandidate score_alike(bool alike, const std::string& from, const std::string& to) {
  RenameCandidate candidate;
  candidate.score = alike ? 0.45 + 0.5 * name_similarity(from, to) : 0.1;
  candidate.reasons.emplace_back(alike ? "same properties" : "other properties");
  settle(candidate, 0.6);
  return candidate;
}

/// How many keys of tables that stay, or of the pair itself, pointed to the one and point to the other by the same columns.
using MovedKeys = std::map<std::pair<QualifiedName, QualifiedName>, int>;

MovedKeys moved_keys(const Schema& live, const Schema& declared) {
  MovedKeys moved;
  std::map<QualifiedName, const Table*> after;
  for (const auto& table : declared.tables) after.emplace(table.name, &table);
  for (const auto& table : live.tables) {
    const auto it = after.find(table.name);
    if (it == after.end()) continue;
    for (const auto& key : table.foreign_keys) {
      for (const auto& other : it->second->foreign_keys) {
        if (other.references != key.references && other.columns == key.columns) ++moved[{key.references, other.references}];
      }
    }
  }
  return moved;
}

/// What vanishes and appears under no name of the other side.
template <class T>
bool any_vanished_and_appeared(const std::vector<T>& before, const std::vector<T>& after) {
  const auto missing = [](const std::vector<T>& items, const std::vector<T>& others) {
    std::set<decltype(items.front().name)> names;
    for (const auto& item : others) names.insert(item.name);
    return std::any_of(items.begin(), items.end(), [&](const T& item) { return !names.contains(item.name); });
  };
  return missing(before, after) && missing(after, before);
}

/// The tables that go, or, of tables that stay, the columns.
std::vector<HeldPlace> vanished_tables(const Schema& live, const Schema& declared) {
  std::set<QualifiedName> after;
  for (const auto& table : declared.tables) after.insert(table.name);
  std::vector<HeldPlace> places;
  for (const auto& table : live.tables) {
    if (!after.contains(table.name)) places.push_back({table.name, ""});
  }
  return places;
}

std::vector<HeldPlace> vanished_columns(const Table& before, const Table& after) {
  std::vector<HeldPlace> places;
  for (const auto& column : before.columns) {
    if (find_named(after.columns, column.name) == nullptr && !column.generated) places.push_back({before.name, column.name});
  }
  return places;
}

Held held_in(const HeldCounts& counts, const HeldPlace& place) {
  const auto it = counts.find(place);
  return it == counts.end() ? Held{} : it->second;
}

void decide_tables(const Schema& live, const Schema& declared, const RenameOptions& options, std::vector<RenameDecision>& decisions) {
  const auto places = vanished_tables(live, declared);
  const auto counts = options.count && !places.empty() ? options.count(places) : HeldCounts{};
  const auto moved = any_vanished_and_appeared(live.tables, declared.tables) ? moved_keys(live, declared) : MovedKeys{};
  decide_objects(RenameKind::table, live.tables, declared.tables, options, [&](const Table& from, const Table& to) {
    auto candidate = score_tables(from, to);
    if (const auto it = moved.find({from.name, to.name}); it != moved.end()) add_references(candidate, it->second);
    return candidate;
  }, decisions, [&](const QualifiedName& name) { return held_in(counts, {name, ""}); });
}

/// A column that stays by its name and may be what the one became, and may have become what the other was: a chain. Then it stands
/// where the one stood, or its type is that of the one, and the new one stands where it stood, or has its type.
std::string chain_through(const Table& before, const Table& after, const std::string& from, const std::string& to) {
  const auto place = [](const Table& table, const std::string& name, const std::string& without) {
    std::size_t at = 0;
    for (const auto& column : table.columns) {
      if (column.name == name) break;
      if (column.name != without) ++at;
    }
    return at;
  };
  const auto& old_column = *find_named(before.columns, from);
  const auto& new_column = *find_named(after.columns, to);
  for (const auto& was : before.columns) {
    const auto* is = find_named(after.columns, was.name);
    if (is == nullptr || was.name == from) continue;
    const bool types = was.type == new_column.type && old_column.type == is->type;
    const bool crossed = types && was.type != is->type;
    const bool moved = types && place(before, was.name, from) == place(after, to, was.name) && place(before, from, was.name) == place(after, was.name, to) &&
                       place(before, was.name, "") != place(after, was.name, "");
    if (crossed || moved) return was.name;
  }
  return "";
}

void decide_columns(const Table& before, const Table& after, const RenameOptions& options, const HeldCounts& counts, const FormerTables& former,
                    std::vector<RenameDecision>& decisions) {
  RenameGroup group{.kind = RenameKind::column, .table = after.name, .former = former};
  for (const auto& column : before.columns) group.before.push_back(column.name);
  for (const auto& column : after.columns) {
    group.after.push_back(column.name);
    if (!column.declared.renamed_from.empty()) group.hints[column.name] = {column.declared.renamed_from, column.declared.location};
  }
  group.score = [&](const std::string& from, const std::string& to) {
    const auto& old_column = *find_named(before.columns, from);
    const auto& new_column = *find_named(after.columns, to);
    auto candidate = score_columns(before, old_column, after, new_column, former);
    // A computed column holds nothing of its own, and takes nothing over.
    if (old_column.generated.has_value() != new_column.generated.has_value()) {
      candidate.score = -1;
      candidate.sure = candidate.question = false;
    } else if (!chain_through(before, after, from, to).empty()) {
      candidate.sure = false;
      candidate.question = true;
    }
    return candidate;
  };
  group.already = [&](const std::string& name) { return *find_named(before.columns, name) == *find_named(after.columns, name); };
  group.held = [&](const std::string& from) { return find_named(before.columns, from)->generated ? Held{.known = true} : held_in(counts, {before.name, from}); };
  group.through = [&](const std::string& from, const std::string& to) { return chain_through(before, after, from, to); };
  decide(group, options, decisions);
}

void decide_values(const EnumType& before, const EnumType& after, const RenameOptions& options, std::vector<RenameDecision>& decisions) {
  RenameGroup group{.kind = RenameKind::enum_value, .table = after.name, .before = before.values, .after = after.values};
  for (const auto& [to, from] : after.declared.value_renames) group.hints[to] = {from, after.declared.location};
  const auto place = [](const std::vector<std::string>& values, const std::string& value) { return std::find(values.begin(), values.end(), value) - values.begin(); };
  group.score = [&](const std::string& from, const std::string& to) {
    RenameCandidate candidate{.kind = RenameKind::enum_value, .table = after.name, .from = from, .to = to};
    const bool same_place = place(before.values, from) == place(after.values, to) && before.values.size() == after.values.size();
    const auto name = match_names(words_of(from), words_of(to));
    candidate.score = 0.55 * name_similarity(from, to) + (same_place ? 0.4 : 0);
    if (name.relation == NameRelation::opposed) candidate.score = std::min(candidate.score, 0.4);
    candidate.reasons.emplace_back(same_place ? "same place" : "another place");
    candidate.sure = name.relation <= NameRelation::alike;
    candidate.question = candidate.score >= 0.45;
    return candidate;
  };
  decide(group, options, decisions);
}

}  // namespace

std::string held_text(const Held& held, const std::string& thing) {
  if (!held.known) return "";
  if (held.count == 0) return "no " + thing;
  const auto count = plural(static_cast<std::size_t>(held.count), thing);
  return held.more ? "more than " + count : count;
}

std::vector<RenameDecision> find_object_renames(const Schema& live, const Schema& declared, const RenameOptions& options) {
  std::vector<RenameDecision> decisions;
  decide_tables(live, declared, options, decisions);
  decide_objects(RenameKind::enum_type, live.enums, declared.enums, options, score_enums, decisions);
  decide_objects(RenameKind::domain, live.domains, declared.domains, options, [](const Domain& from, const Domain& to) {
    return score_alike(from.type == to.type && from.checks.size() == to.checks.size(), from.name.name, to.name.name);
  }, decisions);
  decide_objects(RenameKind::sequence, live.sequences, declared.sequences, options, [](const Sequence& from, const Sequence& to) {
    return score_alike(from.sequence == to.sequence && from.type == to.type, from.name.name, to.name.name);
  }, decisions);
  decide_objects(RenameKind::view, live.views, declared.views, options, [](const View& from, const View& to) {
    return from.materialized == to.materialized ? score_definitions(from, to) : RenameCandidate{};
  }, decisions);
  const auto routines = named_alone(live);
  decide_objects(RenameKind::routine, routines, with_hints_that_hold(routines, named_alone(declared)), options, [](const Routine& from, const Routine& to) {
    return one_signature(from, to) ? score_definitions(from, to) : RenameCandidate{};
  }, decisions);
  for (const auto* kind : {"virtual table", "type", "event"}) {  // of which others refer to, or hold rows, or have a session of their own
    decide_objects(RenameKind::definition, definitions_of(live, kind), definitions_of(declared, kind), options, score_definitions<Definition>, decisions);
  }
  return decisions;
}

std::vector<RenameDecision> find_part_renames(const Schema& live, const Schema& declared, const RenameOptions& options, const FormerTables& former) {
  std::vector<RenameDecision> decisions;
  std::map<QualifiedName, const Table*> live_tables;
  for (const auto& table : live.tables) live_tables.emplace(table.name, &table);
  std::vector<HeldPlace> places;
  for (const auto& after : declared.tables) {
    const auto it = live_tables.find(after.name);
    if (it == live_tables.end() || it->second->columns == after.columns) continue;
    const auto more = vanished_columns(*it->second, after);
    places.insert(places.end(), more.begin(), more.end());
  }
  const auto counts = options.count && !places.empty() ? options.count(places) : HeldCounts{};
  for (const auto& after : declared.tables) {
    if (const auto it = live_tables.find(after.name); it != live_tables.end()) decide_columns(*it->second, after, options, counts, former, decisions);
  }
  for (const auto& after : declared.enums) {
    if (const auto* before = find_named(live.enums, after.name)) decide_values(*before, after, options, decisions);
  }
  return decisions;
}

}  // namespace migrate
