#include "runner/unit_transactions.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "core/text.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "dialect/sql/lexer.hpp"
#include "revision/graph.hpp"

namespace migrate {
namespace {

enum class Verb { none, begin, commit, rollback, savepoint, release, rollback_to };

struct Control {
  Verb verb = Verb::none;
  std::string rest;    ///< modes of a BEGIN, or the name of a savepoint (lower case)
  bool chain = false;  ///< of COMMIT and ROLLBACK: the next transaction begins at once
};

Control read_control(const Statement& statement, const LexicalRules& rules) {
  Lexer lexer(statement.text, rules_of(statement, rules), statement.location);
  Token token{};
  static constexpr std::array<std::string_view, 8> verbs{"BEGIN", "START", "COMMIT", "END", "SAVEPOINT", "RELEASE", "ROLLBACK", "ABORT"};
  if (!lexer.next(token) || std::none_of(verbs.begin(), verbs.end(), [&](auto verb) { return token.is(verb); })) return {};
  std::vector<Token> tokens{token};
  while (tokens.size() < 12 && lexer.next(token)) tokens.push_back(token);
  const auto is = [&](std::size_t i, std::string_view word) { return i < tokens.size() && tokens[i].is(word); };
  std::size_t at = 1;
  const auto rest = [&] {
    return at < tokens.size() ? std::string(trim(std::string_view(statement.text).substr(tokens[at].offset))) : std::string();
  };
  const auto name = [&] { return at < tokens.size() ? lower(unquote_name(tokens[at].text)) : std::string(); };
  if (is(0, "BEGIN") || is(0, "START")) {
    if (is(1, "NOT")) return {};  // BEGIN NOT ATOMIC is a compound statement of MariaDB
    if (is(0, "START") && !is(1, "TRANSACTION")) return {};
    for (const auto* word : {"DEFERRED", "IMMEDIATE", "EXCLUSIVE", "WORK", "TRANSACTION"}) at += is(at, word) ? 1 : 0;
    return {Verb::begin, rest()};
  }
  if (is(0, "COMMIT") || is(0, "END")) {
    if (is(1, "PREPARED")) return {};
    at += is(1, "WORK") || is(1, "TRANSACTION") ? 1 : 0;
    return {Verb::commit, {}, is(at, "AND") && is(at + 1, "CHAIN")};
  }
  if (is(0, "SAVEPOINT")) return {Verb::savepoint, name()};
  if (is(0, "RELEASE")) {
    at += is(1, "SAVEPOINT") ? 1 : 0;
    return {Verb::release, name()};
  }
  if (is(0, "ROLLBACK") || is(0, "ABORT")) {
    if (is(1, "PREPARED")) return {};
    at += is(1, "WORK") || is(1, "TRANSACTION") ? 1 : 0;
    if (!is(at, "TO")) return {Verb::rollback, {}, is(at, "AND") && is(at + 1, "CHAIN")};
    at += is(at + 1, "SAVEPOINT") ? 2 : 1;
    return {Verb::rollback_to, name()};
  }
  return {};
}

[[noreturn]] void refuse(const Step& step, const Statement& statement, const std::string& why, const std::string& hint) {
  throw Error{ErrorKind::usage, fmt::format("{} of {}: {}\n    {}", to_text(step.direction), title(step.revision), why, statement.text), hint,
              statement.location};
}

/// Savepoints of a transaction that is open: RELEASE and ROLLBACK TO need theirs.
class Savepoints {
 public:
  void follow(const Step& step, const Statement& statement, const Control& control) {
    if (control.verb == Verb::savepoint) return names_.push_back(control.rest);
    const auto found = std::find(names_.rbegin(), names_.rend(), control.rest);
    if (found == names_.rend()) {
      refuse(step, statement, "the savepoint does not exist in this transaction", "set it in the same unit, in front of this statement");
    }
    names_.erase(found.base() - (control.verb == Verb::release ? 1 : 0), names_.end());
  }

 private:
  std::vector<std::string> names_;
};

std::string set_modes(const std::string& modes) {
  static constexpr std::array<std::string_view, 4> words{"ISOLATION", "READ", "NOT", "DEFERRABLE"};
  const bool known = std::any_of(words.begin(), words.end(), [&](auto word) { return starts_with_ignoring_case(modes, word); });
  return known ? "SET TRANSACTION " + modes : "";
}

/// A unit in one transaction.
void absorb_whole(Step& step, const LexicalRules& rules) {
  std::vector<Statement> kept;
  kept.reserve(step.statements.size());
  Savepoints savepoints;
  bool begun = false;
  bool ended = false;
  for (auto& statement : step.statements) {
    const auto control = read_control(statement, rules);
    if (ended) refuse(step, statement, "a statement stands behind the unit's COMMIT", "one unit is one transaction: write two units, or say `-- transaction: off`");
    switch (control.verb) {
      case Verb::begin:
        if (begun || !kept.empty()) {
          refuse(step, statement, "a transaction begins in the middle of the unit", "remove it: the unit runs in one transaction; or say `-- transaction: off`");
        }
        begun = true;
        if (auto modes = set_modes(control.rest); !modes.empty()) kept.push_back({modes, statement.location});
        break;
      case Verb::commit: ended = true; break;
      case Verb::rollback:
        refuse(step, statement, "ROLLBACK would undo the unit and its record", "remove it, and what it would undo");
      case Verb::savepoint:
      case Verb::release:
      case Verb::rollback_to: savepoints.follow(step, statement, control); [[fallthrough]];
      case Verb::none: kept.push_back(std::move(statement));
    }
  }
  step.statements = std::move(kept);
}

/// A unit whose statements run one by one: what stood in a transaction stays in one.
class PairAbsorber {
 public:
  /// `modes`: a transaction takes its modes when it has begun already.
  PairAbsorber(Step& step, const Dialect& dialect, bool modes) : step_(step), dialect_(dialect), modes_(modes) {}

  void run() {
    kept_.reserve(step_.statements.size());
    for (auto& statement : step_.statements) absorb(statement, read_control(statement, dialect_.sql().lexical_rules()));
    close();
    step_.statements = std::move(kept_);
  }

 private:
  void absorb(Statement& statement, const Control& control) {
    switch (control.verb) {
      case Verb::begin:
        close();  // what came before stands in the old transaction, as on the server
        begin(statement, control.rest);
        return;
      case Verb::commit:
        close();
        if (control.chain) begin(statement, {});
        return;
      case Verb::rollback: return undo(statement, control.chain);
      case Verb::savepoint:
      case Verb::release:
      case Verb::rollback_to:
        if (!open_) refuse(step_, statement, "a savepoint needs a transaction, and here each statement commits with its record", "put BEGIN in front, and COMMIT behind");
        savepoints_.follow(step_, statement, control);
        break;
      case Verb::none:
        if (open_ && dialect_.sql().ends_transaction(statement)) {
          close();
          kept_.push_back(std::move(statement));
          open_ = kept_.size();
          committed_ = true;
          return;
        }
    }
    kept_.push_back(std::move(statement));
  }

  void begin(const Statement& statement, const std::string& modes) {
    open_ = kept_.size();
    if (auto sql = set_modes(modes); modes_ && !sql.empty()) kept_.push_back({sql, statement.location});
  }

  void close(bool undone = false) {
    if (open_ && kept_.size() - *open_ > (undone ? 0 : 1)) step_.blocks.push_back({*open_, kept_.size(), undone});
    open_.reset();
    committed_ = false;
    savepoints_ = {};
  }

  void undo(const Statement& statement, bool chain) {
    if (!open_) refuse(step_, statement, "ROLLBACK cannot undo statements that are recorded as done", "remove it, or put BEGIN in front of what it is to undo");
    if (committed_) {
      refuse(step_, statement, "ROLLBACK cannot undo what stands in front of it: a statement in this transaction commits it", "remove it, and what it would undo");
    }
    close(true);
    if (chain) begin(statement, {});
  }

  Step& step_;
  const Dialect& dialect_;
  bool modes_;
  std::vector<Statement> kept_;
  Savepoints savepoints_;
  std::optional<std::size_t> open_;  ///< where the transaction begins
  bool committed_ = false;           ///< a statement in it has ended its first part
};

}  // namespace

void absorb_transactions(Step& step, const Dialect& dialect, bool transactional_ddl) {
  if (transactional_ddl && step.transaction) absorb_whole(step, dialect.sql().lexical_rules());
  else PairAbsorber(step, dialect, transactional_ddl).run();
}

Opening opening_of(const Session& session, const Statement& first) {
  const auto whole = session.begin_sql();
  if (!starts_with_ignoring_case(first.text, "SET TRANSACTION")) return {whole + ";\n", ""};
  const std::string begin(session.dialect().run().begin_sql());
  const auto rest = whole.substr(begin.size());
  return {begin + ";\n", rest.empty() ? "" : rest.substr(2) + "\n;\n"};
}

}  // namespace migrate
