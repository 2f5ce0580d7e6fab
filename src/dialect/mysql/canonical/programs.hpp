/// CREATE statements of stored programs and views: read, brought to canonical form, written.
#pragma once

#include <string>
#include <string_view>

#include "dialect/mysql/sql/context.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate::mysql {

/// A trigger's parts. `order` is "follows x", "precedes x" or empty.
struct TriggerText {
  std::string name, timing, event, table, order, body;
  [[nodiscard]] std::string text() const;
};
/// What the text says of its definer goes to `options`, unless they say one; they also say by which mode it is read.
[[nodiscard]] TriggerText read_trigger(std::string_view sql, const Context& context, Options& options, const Location& location = {});
[[nodiscard]] std::string create_trigger(const Trigger& trigger, const Context& context);

/// The canonical definition of a routine; the comment, which is a part of the text in SQL, goes to `comment`.
void canonicalize_routine(Routine& routine, const Context& context);
/// The statement that creates the routine, its comment and its definer in it.
[[nodiscard]] std::string create_routine(const Routine& routine, const Context& context);

/// Whether the server would see no difference: types of parameters in other words, other spacing, other case.
[[nodiscard]] bool same_routine(const Routine& a, const Routine& b, const Context& context);

/// The same for events.
void canonicalize_event(Definition& event, const Context& context);
[[nodiscard]] std::string create_event(const Definition& event, const Context& context);

/// From SHOW CREATE VIEW.
[[nodiscard]] View read_view(std::string_view sql, const Context& context);
void canonicalize_view(View& view, const Context& context);
[[nodiscard]] std::string create_view(const View& view, const Context& context, bool replace, const std::string& name = {});

/// The program's text with its DEFINER left out and its name replaced.
[[nodiscard]] std::string renamed_program(std::string_view sql, const std::string& name, const LexicalRules& rules);

/// Two texts are equal but for white space, comments, case of keywords and quotes around names. Both are read by `rules`.
[[nodiscard]] bool same_program(std::string_view a, std::string_view b, const Context& context, const LexicalRules& rules);

}  // namespace migrate::mysql
