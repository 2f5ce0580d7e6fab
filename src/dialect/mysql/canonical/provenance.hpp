/// By whom and in what session a view, trigger, routine or event was made. The server keeps that with the object and goes by it
/// whenever it runs: a trigger written under PIPES_AS_CONCAT computes something else without it. Options of the object:
/// definer ("user@host", or a role's name), sql_mode, charset and collation (of the connection), time_zone (of an event).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dialect/mysql/sql/context.hpp"
#include "dialect/sql/lexer.hpp"

namespace migrate::mysql {

/// `user`@`host` as SQL has it to user@host.
[[nodiscard]] std::string normal_account(std::string_view sql);

/// An option that the server tells of a live object: left out where it is the usual one.
void tell_provenance(Options& options, const std::string& key, const std::string& value, const Context& context);
/// What SHOW CREATE says beside the text. A connection's character set that a file in UTF-8 cannot give again for this text is left out.
struct Session {
  std::optional<std::string> sql_mode;  ///< what a view means was settled when it was made: it has none
  std::string charset, collation, time_zone;
};
void tell_session(Options& options, const Session& session, std::string_view text, const Context& context);

/// The same for what a model declares, which stays even where it is the usual one.
void canonicalize_provenance(Options& options, std::string_view text, const Context& context);

/// The rules that a program's text is read by: those of its mode, else those of a session of ours.
[[nodiscard]] const LexicalRules& program_rules(const Options& options, const Context& context);
[[nodiscard]] std::string program_mode(const Options& options, const Context& context);

[[nodiscard]] bool in_oracle_mode(const Options& options, const Context& context);

/// "DEFINER = `user`@`host` ", or nothing where that is the usual one.
[[nodiscard]] std::string definer_clause(const Options& options, const Context& context);
/// A CREATE statement with the clause.
[[nodiscard]] std::string with_definer(std::string create, const Options& options, const Context& context);

/// Statements around those that make the object; both are empty where a session of ours makes it as it is.
struct SessionChange {
  std::string before, after;
};
[[nodiscard]] SessionChange session_change(const Options& options, const Context& context);

}  // namespace migrate::mysql
