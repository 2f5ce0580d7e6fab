/// What is refused because a session cannot be had again: told with the place and the way out.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runner/session_plan.hpp"
#include "runner/step.hpp"

namespace migrate {

/// Throws Error (usage): the statements of the bond are not one transaction, and parted they do something else.
[[noreturn]] void refuse_parted(const Step& step, const SessionPlan::Bond& bond);

/// The same for a step whose statements commit one by one, before any of it runs, as far as its text tells.
void refuse_parted(const Step& step, const Dialect& dialect);

/// The same for a query of a program that needs what the statement before it said.
[[nodiscard]] Error parted_query(const Step& step, const SessionItem& item, const Statement& statement);

/// For a step that goes on at statement `start`: what is not there again, with who left it, and what only a record knows of.
[[nodiscard]] Error lost_items(const Step& step, std::size_t start, const std::vector<std::pair<SessionItem, std::size_t>>& lost, const std::vector<std::string>& known);

/// For a statement of a program that needs what the session that was cut off had.
[[nodiscard]] Error lost_item(const Step& step, const SessionItem& item, const Statement& statement);

/// What a record holds of the session: marks, '|', and the SQL that gives back what was kept. The marks say what that is, what cannot be given
/// back, and that code ran which may have left anything.
[[nodiscard]] std::string kept_text(const SessionItem& item);
[[nodiscard]] std::string lost_text(const SessionItem& item);
constexpr std::string_view code_text = "code;";

struct KeptSession {
  std::vector<SessionItem> kept;
  std::vector<std::string> lost;  ///< for people
  bool ran_code = false;
  std::string sql;

  [[nodiscard]] bool has(const SessionItem& item) const;
};
[[nodiscard]] KeptSession read_session(const std::string& text);

}  // namespace migrate
