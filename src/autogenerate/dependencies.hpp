/// The order in which objects can be made and dropped, by what stands on what.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "dialect/sql/lexer.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// What the objects of a schema stand on: as the engine told, else as their texts say.
class Needs {
 public:
  Needs(const Dependencies& told, const LexicalRules& rules) : told_(told), rules_(rules) {}

  [[nodiscard]] std::vector<Need> of(const View& view) const;
  [[nodiscard]] std::vector<Need> of(const Routine& routine) const;
  [[nodiscard]] std::vector<Need> of(const Domain& domain) const;
  [[nodiscard]] std::vector<Need> of(const Definition& definition) const;
  [[nodiscard]] std::vector<Need> of(const Trigger& trigger) const;
  [[nodiscard]] std::vector<Need> of(const Policy& policy, const QualifiedName& table) const;
  /// Of what a table is made of, from its texts; its foreign keys are not among it.
  [[nodiscard]] std::vector<Need> of(const Table& table) const;
  [[nodiscard]] std::vector<Need> of(const EnumType&) const { return {}; }
  [[nodiscard]] std::vector<Need> of(const Sequence&) const { return {}; }

  /// What the engine told of a routine: bodies that are texts bind it to nothing.
  [[nodiscard]] std::vector<Need> bound(const Routine& routine) const;
  [[nodiscard]] bool calls(const std::vector<Need>& needs, const Routine& routine) const;

  /// Whether something that needs this stands on the relation, or on that column of it ("": any). `text` is asked where the engine did
  /// not tell of columns.
  [[nodiscard]] bool stands_on(const std::vector<Need>& needs, const QualifiedName& relation, const std::string& column, const std::string& text) const;

 private:
  [[nodiscard]] const std::vector<Need>* told(const ObjectId& object) const;

  const Dependencies& told_;
  const LexicalRules& rules_;
};

/// Something that can be made or dropped.
struct Dependent {
  ObjectId object;               ///< what others know it by; without a name when nothing can name it
  std::vector<ObjectId> needs;
  std::vector<ObjectId> keys;    ///< what its foreign keys need: a cycle is opened here first
  int phase = 0;                 ///< what comes first when nothing else decides
};

/// The order in which the things can be made: each behind what it needs; among free ones by phase, then as given. A cycle
/// is opened at its lowest phase. Linear in the number of needs. `needs`, when given, gets the things that each one needs.
[[nodiscard]] std::vector<std::size_t> dependency_order(const std::vector<Dependent>& things, std::vector<std::set<std::size_t>>* needs = nullptr);

/// Whether it is a rule or the like, which goes before its table or view changes and comes back behind.
[[nodiscard]] inline bool stands_on_tables(const Definition& definition) { return definition.kind != "type" && definition.kind != "aggregate"; }

[[nodiscard]] Dependent dependent(const Table& table, const Needs& needs, bool with_keys);
[[nodiscard]] Dependent dependent(const View& view, const Needs& needs);
[[nodiscard]] Dependent dependent(const Routine& routine, const Needs& needs);
[[nodiscard]] Dependent dependent(const Domain& domain, const Needs& needs);
[[nodiscard]] Dependent dependent(const EnumType& type, const Needs& needs);
[[nodiscard]] Dependent dependent(const Sequence& sequence, const Needs& needs);
[[nodiscard]] Dependent dependent(const Definition& definition, const Needs& needs);
[[nodiscard]] Dependent dependent(const Trigger& trigger, const Needs& needs);
[[nodiscard]] Dependent dependent(const Policy& policy, const QualifiedName& table, const Needs& needs);

}  // namespace migrate
