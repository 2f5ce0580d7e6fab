/// A revision as its unit's header states it, and revision ids.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

/// Revision ids, in an order that the function which returns them names.
using Ids = std::vector<std::string>;

/// A node of the revision graph.
struct Revision {
  std::string id;
  long long number = 0;  ///< of the id; 0 for an id without one (the graph then gives it one)
  Ids parents;           ///< empty: a base
  std::string message;
  std::string created;              ///< "2026-11-21T10:00:00Z"
  std::vector<std::string> labels;  ///< declared here; Graph::branch tells where they hold
  Ids depends_on;                   ///< ids or labels
  bool transaction = true;          ///< `transaction: off` makes it false
  Ids replaces;                     ///< of a squash unit: the revisions that it stands for, in order
  bool repeatable = false;          ///< runs again whenever its text changes; no node of the graph
  Location location;  ///< the unit's file

  bool operator==(const Revision&) const = default;
};

/// A header and where the body behind it starts.
struct Header {
  Revision revision;
  std::size_t body = 0;  ///< offset of the first line that is not part of the header
  int body_line = 1;
};

/// Reads the header of a unit: the comment lines ("--" or "//") at its top, each `key: value`. It ends at the first other
/// line, and in front of `migrate:` and `REVIEW:`. `text` may be the start of a file only; then `complete` is false, and
/// the result is nothing when the header may go on behind it. Throws Error (usage) with file and line.
[[nodiscard]] std::optional<Header> parse_header(std::string_view text, const std::string& file, bool complete = true);

/// The number at the front of an id ("0007-9f3c21", "7"); 0 when it has none.
[[nodiscard]] long long revision_number(std::string_view id);

/// The id of a repeatable unit that its header calls "views" is "repeatable.views": no other revision can have such an id, so that
/// its row can be told from the rows of the graph without the unit.
[[nodiscard]] bool is_repeatable_id(std::string_view id);
[[nodiscard]] std::string repeatable_id(std::string_view name);

/// A new id: "0007-9f3c21".
[[nodiscard]] std::string make_revision_id(long long number, int width);

/// Throws Error (usage) for an id or label that cannot be one: letters, digits, '-', '_' and '.', none of the words
/// that mean something in a revision argument.
void check_revision_id(std::string_view id, const Location& location = {});
void check_label(std::string_view label, const Location& location = {});

}  // namespace migrate
