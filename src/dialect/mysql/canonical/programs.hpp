/// CREATE statements of stored programs, views and sequences: read, brought to canonical form, written.
#pragma once

#include <string>
#include <string_view>

#include "dialect/mysql/sql/context.hpp"

namespace migrate::mysql {

/// A trigger's parts. `order` is "follows x", "precedes x" or empty.
struct TriggerText {
  std::string name, timing, event, table, order, body;
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] TriggerText read_trigger(std::string_view sql, const Context& context, const Location& location = {});

/// The canonical definition of a routine; the comment, which is a part of the text in SQL, goes to `comment`.
void canonicalize_routine(Routine& routine, const Context& context);
/// The statement that creates the routine, its comment in it.
[[nodiscard]] std::string create_routine(const Routine& routine);

/// Whether the server would see no difference: types of parameters in other words, other spacing, other case.
[[nodiscard]] bool same_routine(const Routine& a, const Routine& b, const Context& context);

/// The same for events.
void canonicalize_event(Definition& event, const Context& context);
[[nodiscard]] std::string create_event(const Definition& event);

/// From SHOW CREATE VIEW.
[[nodiscard]] View read_view(std::string_view sql, const Context& context);
void canonicalize_view(View& view, const Context& context);
[[nodiscard]] std::string create_view(const View& view, bool replace, const std::string& name = {});

/// From SHOW CREATE SEQUENCE.
[[nodiscard]] Sequence read_sequence(std::string_view sql, const Context& context);
void canonicalize_sequence(Sequence& sequence);
/// "start with 5 increment by 2": everything that is not a default; with `complete` the defaults too.
[[nodiscard]] std::string sequence_clauses(const SequenceOptions& options, bool complete);

/// The program's text with its DEFINER left out and its name replaced.
[[nodiscard]] std::string renamed_program(std::string_view sql, const std::string& name);

/// Two texts are equal but for white space, comments, case of keywords and quotes around names.
[[nodiscard]] bool same_program(std::string_view a, std::string_view b, const Context& context);

}  // namespace migrate::mysql
