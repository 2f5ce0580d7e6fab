/// The face `measure`: what a statement does to a database, seen from a second session while it runs and asked behind it (docs/rehearse.md).
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dialect/connection.hpp"
#include "migrate/schema.hpp"

namespace migrate {

/// Who waits for a lock.
enum class Waits { nobody, writers, everybody };

struct SeenLock {
  QualifiedName table;  ///< without a name: the whole database
  std::string mode;     ///< in the engine's own words; of a lock that was only felt, what is refused
  Waits waits = Waits::nobody;

  auto operator<=>(const SeenLock&) const = default;
};

/// Looks at what other sessions hold.
class LockProbe {
 public:
  virtual ~LockProbe() = default;
  /// Locks that are granted on tables of the database. `about`: the tables to try, where trying is the only way. Throws DatabaseError.
  [[nodiscard]] virtual std::vector<SeenLock> look(const std::vector<QualifiedName>& about) = 0;
};

/// How many rows were inserted, changed and deleted so far.
struct RowsChanged {
  long long count = 0;
  std::string since;      ///< counted from the same beginning as an earlier one with the same text; "": of the last statement alone
  bool from_zero = true;  ///< the beginning is this session's own, and was zero
};

struct TableFile {
  std::string id;                  ///< "" where that cannot be known
  std::optional<long long> bytes;  ///< where asking for all tables costs nothing; else KeepFace::bytes_sql tells
};

class MeasureFace {
 public:
  virtual ~MeasureFace() = default;

  /// A probe that looks through `second`, a session of its own in the same database, which outlives it; null where locks cannot be seen:
  /// `why` says what is missing then.
  [[nodiscard]] virtual std::unique_ptr<LockProbe> lock_probe(Connection& second, std::string& why) const = 0;

  /// The tables and the files that their rows are in: a table that is written anew has another. As the session sees them, in its
  /// transaction too.
  [[nodiscard]] virtual std::map<QualifiedName, TableFile> table_files(Connection& connection) const = 0;

  /// Tables that only their owners may change the definition of, and ours is not among them; with the owner.
  [[nodiscard]] virtual std::map<QualifiedName, std::string> owned_by_others(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  /// Rows that break a rule which the engine does not look at by itself, a line each for people.
  [[nodiscard]] virtual std::vector<std::string> broken_rules(Connection& connection) const {
    static_cast<void>(connection);
    return {};
  }

  /// Asked in the session right behind a statement.
  [[nodiscard]] virtual std::optional<RowsChanged> rows_changed(Connection& connection) const = 0;

  /// How many bytes of log the server has written since it began to count: all sessions together; nothing where it does not tell.
  [[nodiscard]] virtual std::optional<long long> log_bytes(Connection& connection) const {
    static_cast<void>(connection);
    return std::nullopt;
  }
};

}  // namespace migrate
