// How alike two things are: the evidence behind rename detection (docs/renames.md).
#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <optional>

#include "autogenerate/names.hpp"
#include "autogenerate/rename.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

/// Where a column stands among the columns that both tables have: behind which, before which, and as which of those between.
struct Place {
  std::string previous, next;
  std::size_t ordinal = 0;
};

Place place_of(const Table& table, const std::string& name, const Table& other) {
  Place place;
  bool found = false;
  for (const auto& column : table.columns) {
    if (column.name == name) {
      found = true;
    } else if (find_named(other.columns, column.name) != nullptr) {
      if (found) {
        place.next = column.name;
        break;
      }
      place.previous = column.name;
      place.ordinal = 0;
    } else if (!found) {
      ++place.ordinal;
    }
  }
  return place;
}

/// In which keys and indexes a column takes part, by their shape and not their name.
std::vector<std::string> uses_of(const Table& table, const std::string& name) {
  std::vector<std::string> uses;
  const auto has = [&](const auto& parts) {
    return std::any_of(parts.begin(), parts.end(), [&](const IndexPart& part) { return part.column == name; });
  };
  if (table.primary_key && has(table.primary_key->parts)) uses.push_back("primary key");
  for (const auto& unique : table.uniques) {
    if (has(unique.parts)) uses.push_back("unique " + std::to_string(unique.parts.size()));
  }
  for (const auto& index : table.indexes) {
    if (has(index.parts)) uses.push_back("index " + std::to_string(index.parts.size()));
  }
  for (const auto& key : table.foreign_keys) {
    if (std::find(key.columns.begin(), key.columns.end(), name) != key.columns.end()) uses.push_back("key to " + key.references.text());
  }
  std::sort(uses.begin(), uses.end());
  return uses;
}

/// The table that a column alone refers to.
const QualifiedName* target_of(const Table& table, const std::string& column) {
  for (const auto& key : table.foreign_keys) {
    if (key.columns.size() == 1 && key.columns.front() == column) return &key.references;
  }
  return nullptr;
}

bool is_word_byte(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80; }

/// `text` with every whole word `word` replaced; nothing if there is none.
std::optional<std::string> with_word(const std::string& text, const std::string& word, const std::string& by) {
  std::string out;
  bool any = false;
  for (std::size_t i = 0; i < text.size();) {
    const bool here = text.compare(i, word.size(), word) == 0 && (i == 0 || !is_word_byte(text[i - 1])) &&
                      (i + word.size() == text.size() || !is_word_byte(text[i + word.size()]));
    out += here ? by : text.substr(i, 1);
    i += here ? word.size() : 1;
    any = any || here;
  }
  return any ? std::optional(out) : std::nullopt;
}

/// A check of the new column that nothing of the old one had: its values may break it.
bool has_new_check(const Table& before, const std::string& from, const Table& after, const std::string& to) {
  return std::any_of(after.checks.begin(), after.checks.end(), [&](const Check& check) {
    const auto as_before = with_word(check.expression, to, from);
    return as_before && std::none_of(before.checks.begin(), before.checks.end(), [&](const Check& other) { return other.expression == *as_before; });
  });
}

bool is_inline_enum(const std::string& type) { return starts_with_ignoring_case(type, "enum(") || starts_with_ignoring_case(type, "set("); }

double likeness_of_types(const std::string& from, const std::string& to) {
  if (is_inline_enum(from) && is_inline_enum(to) && from != to) return 0.3;  // its values are others
  return type_similarity(from, to);
}

/// Whether people make the one of the other: a truth value, a number or a word becomes one of a list (a type of one's own) or a text.
bool may_become(const std::string& from, const std::string& to) {
  static const auto is_own = [](const std::string& family) {
    static constexpr std::array known{"integer", "text", "number", "time", "boolean", "bytes", "json", "uuid", "duration", "address"};
    return std::find(known.begin(), known.end(), family) == known.end();
  };
  const auto before = type_family(from);
  const auto after = type_family(to);
  const bool simple = before == "boolean" || before == "integer" || before == "text" || is_own(before);
  return type_similarity(from, to) >= 0.6 || (simple && (after == "text" || is_own(after)));
}

/// "published" and "published_at" of a time, "active" and "is_active" of a truth value: the word says what the type says already.
bool differs_by_kind_only(const Words& from, const Words& to, const std::string& family) {
  const auto says_kind = [&](const std::string& word) {
    if (family == "time") return word == "at" || word == "on" || word == "date" || word == "time" || word == "ts" || word == "timestamp" || word == "datetime";
    return family == "boolean" && (word == "is" || word == "flag");
  };
  const auto without = [&](Words words) {
    std::erase_if(words, says_kind);
    return words;
  };
  const auto left = without(from);
  return from.size() != to.size() && !left.empty() && left == without(to);
}

/// The names, and the names behind what their tables and the tables they refer to are called.
NameMatch match_columns(const Table& before, const Column& from, const Table& after, const Column& to, const FormerTables& former) {
  const auto a = words_of(from.name);
  const auto b = words_of(to.name);
  // What a question says of the table is true of its own columns with it, and of no others.
  const auto old_name = [&](const QualifiedName& name, bool own) {
    const auto it = former.find(name);
    return it == former.end() || (!own && !it->second.sure) ? name.name : it->second.name.name;
  };
  auto best = match_names(a, b);
  const auto try_owner = [&](const std::string& owner_before, const std::string& owner_after) {
    const auto from_words = without_owner(a, words_of(owner_before));
    const auto to_words = without_owner(b, words_of(owner_after));
    auto match = match_names(from_words, to_words);
    if (match.relation > NameRelation::alike || best.relation <= NameRelation::alike) return;
    best = {.relation = NameRelation::alike, .similarity = 0.9, .from_word = {}, .to_word = {}};
  };
  try_owner(old_name(after.name, true), after.name.name);
  const auto* target_before = target_of(before, from.name);
  const auto* target_after = target_of(after, to.name);
  if (target_before != nullptr && target_after != nullptr && *target_before == *target_after) try_owner(old_name(*target_before, false), target_after->name);
  if (best.relation > NameRelation::alike && differs_by_kind_only(a, b, type_family(to.type))) best = {.relation = NameRelation::alike, .similarity = 0.9, .from_word = {}, .to_word = {}};
  return best;
}

bool reverses_default(const Column& from, const Column& to) {
  if (!from.default_value || !to.default_value || from.default_value == to.default_value) return false;
  const auto is_boolean = [](const Column& column) {
    const auto& text = column.default_value->text;
    return type_family(column.type) == "boolean" || text == "0" || text == "1";
  };
  return is_boolean(from) && is_boolean(to);
}

std::string reason_of(const NameMatch& name) {
  switch (name.relation) {
    case NameRelation::same: return "the same words in its name";
    case NameRelation::alike: return "similar name";
    case NameRelation::qualified: return "a name with more or fewer words";
    case NameRelation::opposed: return name.from_word.empty() ? "a name that says another thing" : "'" + name.from_word + "' became '" + name.to_word + "', which is another thing";
    case NameRelation::replaced: return name.from_word.empty() ? "a name with other words" : "'" + name.from_word + "' became '" + name.to_word + "'";
    case NameRelation::unlike: break;
  }
  return "another name";
}

}  // namespace

RenameCandidate score_columns(const Table& before, const Column& from, const Table& after, const Column& to, const FormerTables& former) {
  RenameCandidate candidate{.kind = RenameKind::column, .table = after.name, .from = from.name, .to = to.name};
  auto& reasons = candidate.reasons;
  const double type = likeness_of_types(from.type, to.type);
  const auto name = match_columns(before, from, after, to, former);
  double score = 0.40 * name.similarity + 0.25 * type;
  reasons.emplace_back(type == 1 ? "same type" : type > 0 ? "similar type" : "another type");
  reasons.push_back(reason_of(name));
  if (from.nullable == to.nullable) score += 0.06;
  if (from.default_value == to.default_value && from.identity == to.identity) score += 0.06;
  else reasons.emplace_back("another default");
  if (from.generated == to.generated) score += 0.03;
  const auto was = place_of(before, from.name, after);
  const auto is = place_of(after, to.name, before);
  const bool between = was.previous == is.previous && was.next == is.next;
  const bool inner = between && !was.next.empty();
  if (between) {
    // Behind the last column stands also what was added: that proves less.
    score += (inner ? 0.12 : 0.07) + (was.ordinal == is.ordinal ? 0.03 : 0);
    reasons.emplace_back("same place");
  }
  if (const auto uses = uses_of(before, from.name); uses == uses_of(after, to.name)) {
    score += 0.05;
    if (!uses.empty()) reasons.emplace_back("same keys and indexes");
  }
  if (!from.comment.empty() && from.comment == to.comment) {
    score += 0.15;
    reasons.emplace_back("same comment");
  }
  if (type == 0 && name.similarity < 0.4) score *= 0.5;

  std::vector<std::string> against;
  const auto* target_before = target_of(before, from.name);
  const auto* target_after = target_of(after, to.name);
  const bool same_target = target_before != nullptr && target_after != nullptr && *target_before == *target_after;
  if (target_before != nullptr && target_after != nullptr && !same_target) against.push_back("a key to " + target_after->text() + ", not to " + target_before->text());
  if (reverses_default(from, to)) against.emplace_back("the default is reversed");
  if (is_inline_enum(from.type) && is_inline_enum(to.type) && from.type != to.type) against.emplace_back("other values");
  if (has_new_check(before, from.name, after, to.name)) against.emplace_back("a check that the old values may break");
  if (name.relation == NameRelation::opposed || !against.empty()) score = std::min(score, 0.4);
  reasons.insert(reasons.end(), against.begin(), against.end());

  candidate.score = std::min(1.0, score);
  candidate.sure = against.empty() && name.relation <= NameRelation::alike && (type >= 0.6 || (name.relation == NameRelation::same && type >= 0.3));
  candidate.question = inner || name.similarity >= 0.5 || (type >= 0.3 && name.similarity >= 0.34) || (type >= 0.6 && (between || same_target)) || (between && was.ordinal == is.ordinal && may_become(from.type, to.type)) ||
                       (!from.comment.empty() && from.comment == to.comment);
  return candidate;
}

namespace {

/// How many of the columns of `from` the other has too, by name without its table's and by type; at most 1 for each.
double shared_columns(const Table& from, const Table& to) {
  const auto from_words = words_of(from.name.name);
  const auto to_words = words_of(to.name.name);
  double sum = 0;
  std::vector<bool> taken(to.columns.size());
  for (const auto& column : from.columns) {
    const auto whole = words_of(column.name);
    const auto own = without_owner(whole, from_words);
    double best = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < to.columns.size(); ++i) {
      if (taken[i]) continue;
      const auto& other = to.columns[i];
      auto relation = equal_ignoring_case(column.name, other.name) ? NameRelation::same : match_names(whole, words_of(other.name)).relation;
      if (relation > NameRelation::alike) relation = std::min(relation, match_names(own, without_owner(words_of(other.name), to_words)).relation);
      if (relation > NameRelation::alike) continue;
      const double likeness = (relation == NameRelation::same ? 1 : 0.98) * (0.5 + 0.5 * likeness_of_types(column.type, other.type));
      if (likeness > best) {
        best = likeness;
        at = i;
      }
    }
    if (best > 0) taken[at] = true;
    sum += best;
  }
  return sum;
}

/// Columns that say what a table is about: most tables have a key, a name, and the times of a row.
std::size_t telling_columns(const Table& table) {
  return static_cast<std::size_t>(std::count_if(table.columns.begin(), table.columns.end(), [&](const Column& column) {
    const auto own = join(without_owner(words_of(column.name), words_of(table.name.name)), "_");
    return own != "id" && own != "name" && own != "created_at" && own != "updated_at";
  }));
}

}  // namespace

RenameCandidate score_tables(const Table& from, const Table& to) {
  RenameCandidate candidate{.kind = RenameKind::table, .from = from.name.text(), .to = to.name.text()};
  const double shared = shared_columns(from, to);
  const double kept = shared / static_cast<double>(std::max<std::size_t>(1, from.columns.size()));
  const double same = shared / static_cast<double>(std::max<std::size_t>(1, std::max(from.columns.size(), to.columns.size())));
  auto name = match_names(words_of(from.name.name), words_of(to.name.name));
  // users and user: what is in a table does not change by that.
  const bool plural = name.relation == NameRelation::opposed && (name.to_word.starts_with(name.from_word) || name.from_word.starts_with(name.to_word)) && !name.from_word.empty();
  const bool alike = name.relation <= NameRelation::alike || plural;
  // A table of two or three columns such as (id, name) is like many others: its columns prove less.
  const double weight = std::min(1.0, 0.4 + 0.15 * static_cast<double>(std::min(from.columns.size(), to.columns.size())));
  const bool all = same > 0.97;
  candidate.score = std::min(1.0, (0.35 * kept + 0.3 * same) * weight + 0.35 * (plural ? 0.95 : name.similarity) + (all ? 0.1 : 0));
  if (name.relation == NameRelation::opposed && !plural) candidate.score = std::min(candidate.score, 0.4);
  candidate.reasons.push_back(std::to_string(static_cast<int>(std::lround(kept * 100))) + "% of its columns are in the other");
  candidate.reasons.push_back(plural ? "similar name" : reason_of(name));
  const bool told = all && telling_columns(from) >= 3 && name.relation != NameRelation::opposed;
  candidate.sure = (alike && kept >= 0.5) || told;
  candidate.question = candidate.score >= 0.3 || kept >= 0.6;
  if (!from.comment.empty() && from.comment == to.comment) {
    candidate.score = std::min(1.0, candidate.score + 0.15);
    candidate.question = true;
    candidate.reasons.emplace_back("same comment");
  }
  return candidate;
}

void add_references(RenameCandidate& candidate, int keys) {
  if (keys == 0) return;
  candidate.score = std::min(1.0, candidate.score + 0.2);
  candidate.question = true;
  candidate.reasons.push_back(keys == 1 ? "a key that pointed to the one points to the other" : "keys that pointed to the one point to the other");
}

}  // namespace migrate
