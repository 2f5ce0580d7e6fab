// How alike two things are: the numbers behind rename detection (docs/renames.md).
#include <algorithm>
#include <cctype>
#include <cmath>

#include "autogenerate/rename.hpp"
#include "core/text.hpp"
#include "schema/lookup.hpp"
#include "schema/type_family.hpp"

namespace migrate {
namespace {

/// "userName_2" -> user, name, 2
std::vector<std::string> words_of(const std::string& name) {
  std::vector<std::string> words;
  bool start = true;
  bool was_lower = false;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) == 0 && byte < 0x80) {
      start = true;
      continue;
    }
    if (start || (was_lower && std::isupper(byte) != 0)) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(byte));
    was_lower = std::islower(byte) != 0;
    start = false;
  }
  return words;
}

double word_similarity(const std::string& a, const std::string& b) {
  if (a == b) return 1;
  const auto longer = std::max(a.size(), b.size());
  const auto shorter = std::min(a.size(), b.size());
  if (shorter == 0) return 0;
  // One begins with the other: a plural, an abbreviation (amt is not found here, but "desc" and "description" are).
  if (shorter >= 3 && (a.starts_with(b) || b.starts_with(a))) return 0.6 + 0.4 * static_cast<double>(shorter) / static_cast<double>(longer);
  const double ratio = 1 - static_cast<double>(edit_distance(a, b)) / static_cast<double>(longer);
  return ratio < 0.6 ? 0 : ratio;
}

/// Where a column stands: among the columns that both tables have, which one it follows.
std::string column_before(const Table& table, const std::string& name, const Table& other) {
  std::string previous;
  for (const auto& column : table.columns) {
    if (column.name == name) return previous;
    if (find_named(other.columns, column.name) != nullptr) previous = column.name;
  }
  return previous;
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

}  // namespace

double name_similarity(const std::string& a, const std::string& b) {
  if (equal_ignoring_case(a, b)) return 1;
  auto words_a = words_of(a);
  auto words_b = words_of(b);
  if (words_a.empty() || words_b.empty()) return 0;
  if (words_a.size() > words_b.size()) std::swap(words_a, words_b);
  double sum = 0;
  std::vector<bool> taken(words_b.size());
  for (const auto& word : words_a) {
    double best = 0;
    std::size_t at = 0;
    for (std::size_t i = 0; i < words_b.size(); ++i) {
      const double similarity = taken[i] ? 0 : word_similarity(word, words_b[i]);
      if (similarity > best) {
        best = similarity;
        at = i;
      }
    }
    if (best > 0) taken[at] = true;
    sum += best;
  }
  const double by_words = 2 * sum / static_cast<double>(words_a.size() + words_b.size());
  const double by_letters =
      1 - static_cast<double>(edit_distance(lower(a), lower(b))) / static_cast<double>(std::max(a.size(), b.size()));
  return std::max(by_words, by_letters < 0.5 ? 0 : by_letters);
}

RenameCandidate score_columns(const Table& before, const Column& from, const Table& after, const Column& to) {
  RenameCandidate candidate{.kind = RenameKind::column, .table = after.name, .from = from.name, .to = to.name};
  const double type = type_similarity(from.type, to.type);
  const double name = name_similarity(from.name, to.name);
  double score = 0.30 * type + 0.40 * name;
  if (type == 1) candidate.reasons.emplace_back("same type");
  else if (type > 0) candidate.reasons.emplace_back("similar type");
  else candidate.reasons.emplace_back("another type");
  if (name >= 0.4) candidate.reasons.emplace_back("similar name");
  if (from.nullable == to.nullable) score += 0.06;
  if (from.default_value == to.default_value && from.identity == to.identity) score += 0.06;
  else candidate.reasons.emplace_back("another default");
  if (from.generated == to.generated) score += 0.03;
  if (column_before(before, from.name, after) == column_before(after, to.name, before)) {
    score += 0.10;
    candidate.reasons.emplace_back("same place");
  }
  if (const auto uses = uses_of(before, from.name); uses == uses_of(after, to.name)) {
    score += 0.05;
    if (!uses.empty()) candidate.reasons.emplace_back("same keys and indexes");
  }
  // With nothing in the name and nothing in the type, place and nullability say little.
  if (type == 0 && name < 0.4) score *= 0.5;
  if (type > 0 && equal_ignoring_case(from.name, to.name)) score += 0.2;  // the case only
  candidate.score = std::min(1.0, score);
  return candidate;
}

RenameCandidate score_tables(const Table& from, const Table& to) {
  RenameCandidate candidate{.kind = RenameKind::table, .from = from.name.text(), .to = to.name.text()};
  double same = 0;
  for (const auto& column : from.columns) {
    const auto* other = find_named(to.columns, column.name);
    for (const auto& candidate : to.columns) {
      if (other == nullptr && equal_ignoring_case(candidate.name, column.name)) other = &candidate;
    }
    if (other != nullptr) same += 0.5 + 0.5 * type_similarity(column.type, other->type);
  }
  const auto all = static_cast<double>(std::max<std::size_t>(1, std::max(from.columns.size(), to.columns.size())));
  const double columns = same / all;
  const double name = name_similarity(from.name.name, to.name.name);
  // A table of two or three columns such as (id, name) is like many others: its columns prove less.
  const double weight = std::min(1.0, 0.4 + 0.15 * static_cast<double>(std::min(from.columns.size(), to.columns.size())));
  candidate.score = 0.65 * columns * weight + 0.35 * name + (columns > 0.999 ? 0.1 : 0);
  if (equal_ignoring_case(from.name.name, to.name.name) && columns > 0.3) candidate.score += 0.4;  // the case only
  candidate.score = std::min(1.0, candidate.score);
  candidate.reasons.push_back(std::to_string(static_cast<int>(std::lround(columns * 100))) + "% of the columns are the same");
  if (name >= 0.4) candidate.reasons.emplace_back("similar name");
  return candidate;
}

}  // namespace migrate
