/// Writes the fixes of findings into a unit's text.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lint/lint.hpp"

namespace migrate::lint {

struct Rewrite {
  std::string text;                      ///< of the unit
  std::vector<std::string> fixed;        ///< ids, in order
  std::vector<std::string> later;        ///< statements for a unit of its own behind this one, without a transaction
  std::vector<std::string> undo_later;   ///< its way back
  std::vector<std::string> engines;      ///< the engines that both are for; empty: all
  bool irreversible = false;             ///< this unit says `downgrade none`
};

/// Applies every fix that can be written without a person. `before` stands in front of the unit. `parse` reads a unit's
/// text. With `may_follow`, work that needs no transaction around it goes to a unit of its own; otherwise only a unit that
/// holds nothing else is changed for it.
[[nodiscard]] Rewrite fix_unit(const Linter& before, std::string text, const std::function<SqlUnit(std::string_view)>& parse,
                               std::span<const std::string> engines, bool may_follow);

}  // namespace migrate::lint
