/// What a statement has to do with the session that it runs in, as far as its text tells (docs/units.md, "The session").
#pragma once

#include <compare>
#include <string>
#include <vector>

namespace migrate {

/// Something that lives in a session and ends with it.
struct SessionItem {
  enum class Kind {
    variable,     ///< of the user's own: @id
    setting,      ///< SET, PRAGMA, the database in use
    generated,    ///< the number that was given out last: LAST_INSERT_ID(), currval(), last_insert_rowid()
    last_result,  ///< what the statement right before said: ROW_COUNT(), FOUND_ROWS(), changes()
    total,        ///< what all statements of the session have done together: total_changes()
    temporary,    ///< a table or another object
    prepared,     ///< PREPARE
    lock,         ///< GET_LOCK(), pg_advisory_lock(): whatever comes may count on it
    other         ///< a cursor, an attached database, a channel that is listened to
  };
  Kind kind = Kind::other;
  std::string name;  ///< comparable

  auto operator<=>(const SessionItem&) const = default;
};

/// For people: "the variable @id".
[[nodiscard]] std::string describe(const SessionItem& item);

struct SessionUse {
  std::vector<SessionItem> leaves;  ///< what it puts there, or changes
  std::vector<SessionItem> needs;   ///< what must be there as the statements before it left it
  std::vector<SessionItem> ends;    ///< what it takes away
  bool anything = false;   ///< it runs code that may leave and need anything: a procedure, a function of somebody's own
  bool constant = false;   ///< what it leaves stands in its text: run again it leaves the same, and changes nothing else
  bool makes_code = false; ///< behind it, statements that only change rows may run code: it makes a trigger, a function

  /// Whether it leaves nothing behind in the session and finds nothing there.
  [[nodiscard]] bool plain() const { return leaves.empty() && needs.empty() && ends.empty() && !anything; }
  bool operator==(const SessionUse&) const = default;
};

}  // namespace migrate
