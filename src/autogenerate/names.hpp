/// Names as words: how the name of what vanished and the name of what appeared relate (docs/renames.md).
#pragma once

#include <string>
#include <vector>

namespace migrate {

using Words = std::vector<std::string>;

enum class NameRelation {
  same,       ///< the same words: other case, separators, or none
  alike,      ///< the same words, some abbreviated or misspelt
  qualified,  ///< one of the two has words more
  replaced,   ///< some words are the same, and some are others
  opposed,    ///< a word stands in the place of one of other meaning: min and max, enabled and disabled, eur and usd
  unlike      ///< no word in common that says anything
};

struct NameMatch {
  NameRelation relation = NameRelation::unlike;
  double similarity = 0;  ///< 0 to 1; by what words there are, words such as "id" and "at" counting little
  /// The words that differ where one stands in the place of one; else empty.
  std::string from_word, to_word;
};

/// "userName_2" and "user_name_2" are user, name, 2.
[[nodiscard]] Words words_of(const std::string& name);

/// The words behind those that its owner has: "user_id" of the table users is "id". At least one word stays.
[[nodiscard]] Words without_owner(Words words, const Words& owner);

[[nodiscard]] NameMatch match_names(const Words& from, const Words& to);

/// Whether two words are of one kind of ending for the same thing: "id" and "key", "date" and "ts".
[[nodiscard]] bool same_ending(const std::string& a, const std::string& b);

/// How alike two names are: 1 for the same words, 0 for nothing in common.
[[nodiscard]] double name_similarity(const std::string& a, const std::string& b);

}  // namespace migrate
