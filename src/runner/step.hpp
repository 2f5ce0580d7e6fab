/// A step: one revision in one direction, with what it will run.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "dialect/statement.hpp"
#include "revision/revision.hpp"
#include "unit/sql_unit.hpp"

namespace migrate {

/// One call of a program that runs statements.
struct StepCall {
  std::string key;      ///< tells the call apart: the same whenever the program runs
  bool fixed = true;    ///< the statements follow from the call alone, not from what the database holds
  Location location;
  std::function<std::vector<Statement>()> statements;
  bool together = false;           ///< its statements are one transaction where they can be: they change rows
  std::function<void()> before = {};  ///< done again in front of every try of the statements; it may be done more than once
};

/// One call that runs statements until there is no more to do, each on its own.
struct BatchCall {
  struct Batch {
    Statement statement;
    std::string cursor;  ///< where the next batch begins
    std::vector<Statement> in_front = {};  ///< in the same transaction
  };
  std::string key;
  Location location;
  std::function<std::optional<Batch>(const std::string& cursor)> next;  ///< the first cursor is ""
  Statement whole;  ///< all of it as one statement, for a script
};

/// Where the calls of a step's program go. Every function throws Error when the call fails; the step is over then, and every
/// further call throws.
class StepSink {
 public:
  virtual ~StepSink() = default;
  /// False where nothing runs and nothing can be asked: a script or a plan is written.
  [[nodiscard]] virtual bool online() const = 0;
  virtual void run(const StepCall& call) = 0;
  virtual void run_batches(const BatchCall& call) = 0;
  /// Rows of a query. What it answered is kept with the progress, so that a program that was cut off goes the same way again.
  virtual Result query(const std::string& key, const Statement& statement) = 0;
  /// Something else that the program finds out about the database, kept in the same way.
  virtual std::string remember(const std::string& key, const std::function<std::string()>& find_out) = 0;
  virtual void progress(const std::string& text) = 0;  ///< for a progress line
  virtual void note(const std::string& text) = 0;
  /// The SQL to go back, once it is known; kept in the row of an upgrade.
  virtual void keep_downgrade(const std::string& text) = 0;
};

struct Step {
  Revision revision;
  Direction direction = Direction::upgrade;
  std::string checksum;                ///< of the unit, for its row
  std::vector<Statement> statements;   ///< of a program: the ones that it has run so far
  std::string downgrade;               ///< SQL to go back, kept in the row of an upgrade
  bool transaction = true;             ///< false: every statement commits by itself
  /// Statements that a unit without a transaction of its own puts into one (BEGIN ... COMMIT): one of it and its record.
  struct Block {
    std::size_t first = 0;
    std::size_t end = 0;   ///< behind the last
    bool undone = false;   ///< ends with ROLLBACK
  };
  std::vector<Block> blocks;
  /// What runs in place of `statements`: a C++ unit. It may run more than once, in a transaction that was rolled back or
  /// past what is done already.
  std::function<void(StepSink& sink)> program;
  /// Of an SQL unit that runs as a program: its statements as they stand in it.
  std::vector<Statement> unit;
  /// The rows that the step makes in place of its own, or takes away with it: of a squash unit.
  struct StandIn {
    std::string revision, message, checksum, downgrade;
  };
  std::vector<StandIn> stands_for;
};

}  // namespace migrate
