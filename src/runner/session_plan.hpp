/// What a unit's statements leave in their session and need of it, and what follows for where its progress may be recorded.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "dialect/dialect.hpp"
#include "dialect/session_use.hpp"
#include "dialect/statement.hpp"

namespace migrate {

class SessionPlan {
 public:
  explicit SessionPlan(const Dialect& dialect) : dialect_(&dialect) {}

  /// Reads the statements that are new since the last time; what stands behind the first `known` of them is new.
  void follow(const std::vector<Statement>& statements);
  void forget() { *this = SessionPlan(*dialect_); }

  /// Whether the statements leave nothing in a session and need nothing of it. (DROP TABLE may take a temporary table away; then one of
  /// them has made it.)
  [[nodiscard]] bool plain() const { return plain_; }
  [[nodiscard]] bool makes_code() const { return makes_code_; }

  /// Statements that no record may part: [first, end).
  struct Bond {
    std::size_t first = 0;
    std::size_t end = 0;
    bool strict = false;  ///< parted they do something else; otherwise a run that is cut off between them cannot go on
    std::string why;      ///< what the last one needs, for people
  };
  /// The bond that starts at the statement or is under way there; with `strict` only such. Its `end` is `index` + 1 where there is none.
  [[nodiscard]] Bond bond_at(std::size_t index, bool strict) const;
  [[nodiscard]] const std::vector<Bond>& strict_bonds() const { return strict_; }

  /// Takes over from an earlier run of a program what it had left and kept: it is there again.
  void remember(const std::vector<SessionItem>& kept, bool ran_code);
  /// What keep() keeps.
  [[nodiscard]] std::vector<SessionItem> kept(std::size_t index) const;
  /// Whether a statement in front of `index` may have left anything.
  [[nodiscard]] bool ran_code(std::size_t index) const { return first_anything_ < index; }
  /// nullptr for a plain statement.
  [[nodiscard]] const SessionUse* use_at(std::size_t index) const;
  /// Whether one of the statements leaves the item, or it is known from an earlier run.
  [[nodiscard]] bool is_left(const SessionItem& item) const;
  /// SQL expressions for the record that says "the statements in front of `index` are done": each is a text that gives back what they left.
  [[nodiscard]] std::vector<std::string> keep(std::size_t index) const;
  /// What they left, cannot be given back, and is needed by a statement from `index` on (`any`: by whatever comes); with who left it.
  [[nodiscard]] std::vector<std::pair<SessionItem, std::size_t>> lost(std::size_t index, bool any) const;
  /// Those of keep() that a record must have to be good enough for the statements from `index` on.
  [[nodiscard]] std::vector<std::pair<SessionItem, std::size_t>> needs_kept(std::size_t index) const;

  /// Statements that prepare from a variable which has not changed since: they can be run again once the variables are there.
  [[nodiscard]] std::vector<std::size_t> prepared_again(std::size_t index) const;

  /// Whether the statement sets the session up, says itself how, and is still in force at `until`: it is run again in the session that
  /// resumes there.
  [[nodiscard]] bool replays(std::size_t index, std::size_t until) const;
  /// Whether all that it leaves are settings.
  [[nodiscard]] bool sets_only(std::size_t index) const;
  /// Whether one of the statements changes something that keep(first) keeps.
  [[nodiscard]] bool changes_kept(std::size_t first, std::size_t end) const;
  [[nodiscard]] bool leaves_anything(std::size_t first, std::size_t end) const;

 private:
  struct Event {
    std::size_t index = 0;
    bool leaves = false, needs = false, ends = false, constant = false;
  };
  void add(std::size_t index, const SessionItem& item, Event event);
  void bind(std::size_t first, std::size_t last, bool strict, const SessionItem& item);
  void note_mentions(std::size_t index, const Statement& statement);
  /// The last statement in front of `index` that may have given a number out.
  [[nodiscard]] std::optional<std::size_t> last_number(std::size_t index) const;
  [[nodiscard]] bool is_kept(const SessionItem& item) const;
  [[nodiscard]] bool prepares_again(std::size_t by, std::size_t index) const;
  [[nodiscard]] bool is_ended(const SessionItem& item, std::size_t from, std::size_t until) const;

  const Dialect* dialect_;
  std::size_t read_ = 0;
  std::vector<std::size_t> numbers_;  ///< statements that may have given a number out
  std::size_t first_anything_ = std::string::npos;  ///< the first statement that may leave anything
  bool plain_ = true;
  bool makes_code_ = false;
  std::vector<std::pair<std::size_t, SessionUse>> uses_;  ///< by statement; plain ones are left out
  std::map<SessionItem, std::vector<Event>> items_;
  std::set<std::string> temporary_;
  std::vector<Bond> bonds_, strict_;
};

}  // namespace migrate
