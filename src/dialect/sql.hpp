/// The face `sql`: how the engine's text reads and is written. It knows neither a server nor a schema.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dialect/session_use.hpp"
#include "dialect/statement.hpp"
#include "migrate/schema.hpp"

namespace migrate {

struct LexicalRules;

class SqlFace {
 public:
  virtual ~SqlFace() = default;

  [[nodiscard]] virtual std::string quote_name(std::string_view name) const = 0;    ///< quoted where that is needed
  [[nodiscard]] virtual std::string quote_name(const QualifiedName& name) const = 0;
  [[nodiscard]] virtual std::string quote_text(std::string_view text) const = 0;    ///< a string literal

  /// A string literal as a value, never as a part of a definition: it means the same whatever the session's modes say of backslashes.
  [[nodiscard]] virtual std::string quote_value(std::string_view text) const { return quote_text(text); }

  /// A literal of bytes, given as hexadecimal digits.
  [[nodiscard]] virtual std::string quote_bytes(std::string_view hex) const { return "X'" + std::string(hex) + "'"; }

  /// An expression: values behind each other as one text.
  [[nodiscard]] virtual std::string join_texts(const std::vector<std::string>& expressions) const {
    std::string out;
    for (const auto& expression : expressions) out += (out.empty() ? "" : " || ") + expression;
    return out;
  }
  /// An expression: a text that is another one in each row and that nobody can guess, of 32 or 36 characters; `uuid`: for a column of that type.
  [[nodiscard]] virtual std::string random_text(bool uuid) const = 0;

  /// The type for texts without a practical limit.
  [[nodiscard]] virtual std::string long_text_type() const { return "text"; }

  /// How the engine's SQL is read as tokens.
  [[nodiscard]] virtual const LexicalRules& lexical_rules() const = 0;

  /// Splits SQL into statements. `location` is where `sql` starts. Understands quotes, comments, dollar quotes,
  /// BEGIN ... END bodies and DELIMITER as the engine does. Throws Error (usage) with file and line for an
  /// unterminated quote or comment and for client meta-commands.
  [[nodiscard]] virtual std::vector<Statement> split(std::string_view sql, const Location& location) const = 0;

  /// The same for sessions of a server, whose settings may say how texts are quoted.
  [[nodiscard]] virtual std::vector<Statement> split_on(const Options& settings, std::string_view sql, const Location& location) const {
    static_cast<void>(settings);
    return split(sql, location);
  }

  [[nodiscard]] virtual StatementClass classify(const Statement& statement) const = 0;

  /// What the statement leaves in its session and needs of it.
  [[nodiscard]] virtual SessionUse session_use(const Statement& statement) const = 0;

  /// Whether the statement commits the transaction that it stands in, or may do so (a procedure that is called).
  [[nodiscard]] virtual bool ends_transaction(const Statement& statement) const {
    static_cast<void>(statement);
    return false;
  }

  /// The statement that makes or drops an index, as one that blocks no writers, where the engine has such.
  [[nodiscard]] virtual Statement without_blocking(Statement statement) const { return statement; }

  /// The statement as it stands in a script for the engine's own client, with its delimiter.
  [[nodiscard]] virtual std::string script_statement(const Statement& statement) const { return statement.text + ";"; }

  /// What makes the engine's own client stop at the first error; the first line of a script.
  [[nodiscard]] virtual std::string script_prologue() const { return ""; }
};

}  // namespace migrate
