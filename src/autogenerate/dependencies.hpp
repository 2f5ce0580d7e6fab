/// Which objects need which, read from their texts.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// Something that can be made or dropped: the name others use for it and the text in which it names others.
struct Dependent {
  std::string name;                     ///< lower case, without schema; "" when nothing can name it
  std::string text;                     ///< SQL fragments and names, blank-separated
  std::vector<std::string> references;  ///< names it needs for certain, lower case
  std::vector<std::string> keys;        ///< names that its foreign keys need: a cycle is opened here first
  int own_mentions = 0;                 ///< of its own name in the text that say nothing: CREATE FUNCTION f
  bool over_namesakes = false;          ///< needs things of its own name too: an aggregate, the function of that name
  int phase = 0;                        ///< what comes first when nothing else decides
};

/// The order in which the things can be made: each behind what it names; among free ones by phase, then as given. A cycle
/// is opened at its lowest phase. Linear in the size of the texts. `needs`, when given, gets the things that each one names.
[[nodiscard]] std::vector<std::size_t> dependency_order(const std::vector<Dependent>& things, const LexicalRules& rules,
                                                        std::vector<std::set<std::size_t>>* needs = nullptr);

/// Whether it is a rule or the like, which goes before its table or view changes and comes back behind.
[[nodiscard]] inline bool stands_on_tables(const Definition& definition) { return definition.kind != "type" && definition.kind != "aggregate"; }

[[nodiscard]] Dependent dependent(const Table& table, bool with_keys);
[[nodiscard]] Dependent dependent(const View& view);
[[nodiscard]] Dependent dependent(const Routine& routine);
[[nodiscard]] Dependent dependent(const Domain& domain);
[[nodiscard]] Dependent dependent(const EnumType& type);
[[nodiscard]] Dependent dependent(const Sequence& sequence);
[[nodiscard]] Dependent dependent(const Definition& definition);
[[nodiscard]] Dependent dependent(const Trigger& trigger);
[[nodiscard]] Dependent dependent(const Policy& policy, const QualifiedName& table);

}  // namespace migrate
