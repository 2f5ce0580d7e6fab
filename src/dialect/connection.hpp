/// A connection to a database: the narrow seam in front of every driver.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/error.hpp"

namespace migrate {

/// NULL is an empty optional; all values are text.
using Value = std::optional<std::string>;
using Row = std::vector<Value>;

struct Result {
  std::vector<std::string> columns;
  std::vector<Row> rows;
  long long affected = 0;
};

/// The first value of each row; NULL is "".
[[nodiscard]] inline std::vector<std::string> first_column(const Result& result) {
  std::vector<std::string> values;
  for (const auto& row : result.rows) values.push_back(row.at(0).value_or(""));
  return values;
}

/// The server refused or the connection broke. `message` starts with the server's own words.
class DatabaseError : public Error {
 public:
  enum class Cause {
    statement,      ///< the server refused the statement
    lock_timeout,   ///< it waited too long for a lock (or the database is busy)
    serialization,  ///< a deadlock or a serialization failure: the same again may succeed
    connection,     ///< the connection is gone: what the last statement did is not known
    cancelled,      ///< somebody cancelled it
    authentication  ///< the server did not let us in
  };

  DatabaseError(Cause cause, std::string message, std::string sqlstate = {}, int native_code = 0, std::string hint = {})
      : Error(ErrorKind::failed, std::move(message), std::move(hint)), cause(cause), sqlstate(std::move(sqlstate)), native_code(native_code) {}

  Cause cause;
  std::string sqlstate;  ///< five characters, or ""
  int native_code;       ///< the engine's own number, or 0
  /// Offset in bytes from the start of the text that was sent, where the server tells; -1 if not.
  long long position = -1;
};

class Connection {
 public:
  virtual ~Connection() = default;

  /// Runs one statement and returns its rows. One round trip.
  virtual Result query(std::string_view sql) = 0;

  /// Runs one statement with bound values ($1 / ? as the engine writes them).
  virtual Result query(std::string_view sql, std::span<const Value> values) = 0;

  /// Runs one or more statements separated by ';', in one round trip where the driver can; results are discarded.
  /// At an error the statements after it have not run.
  virtual void execute(std::string_view sql) = 0;

  /// Runs several queries, in one round trip where the driver can, and hands over each result as it comes, in order: they are
  /// never all in memory. What `take` throws comes out when the other results are read.
  virtual void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) = 0;

  /// The same with all results at once.
  [[nodiscard]] std::vector<Result> query_all(std::span<const std::string> queries) {
    std::vector<Result> results;
    results.reserve(queries.size());
    query_each(queries, [&](std::size_t, Result result) { results.push_back(std::move(result)); });
    return results;
  }

  /// Asks the server to cancel what runs now; may be called from a signal-handling thread.
  virtual void cancel() noexcept = 0;

  /// The number of our session as the server told it when we connected; 0 where that is not known.
  [[nodiscard]] virtual long long session_id() { return 0; }

  /// How the session is encrypted on its way ("TLSv1.3, TLS_AES_256_GCM_SHA384"); "" when it is not, nothing where there is no way.
  /// May ask the server.
  [[nodiscard]] virtual std::optional<std::string> encryption() { return std::nullopt; }

  /// Round trips made so far, for tests and `-v`.
  [[nodiscard]] virtual long long round_trips() const = 0;

  /// Receives the server's notices and warnings.
  virtual void on_notice(std::function<void(const std::string&)> handler) = 0;
};

/// A value on its way from one place to another. What it views lives until the next row.
struct Field {
  enum class Kind : unsigned char { null, text, bytes, integer, real };
  Kind kind = Kind::null;
  std::string_view text;  ///< text, bytes; of an integer its digits where `kind` is text
  long long integer = 0;
  double real = 0;

  [[nodiscard]] bool is_null() const { return kind == Kind::null; }
  [[nodiscard]] static Field of(std::string_view text) { return {.kind = Kind::text, .text = text}; }
  [[nodiscard]] static Field of_bytes(std::string_view bytes) { return {.kind = Kind::bytes, .text = bytes}; }
};
using Fields = std::span<const Field>;

/// A connection that rows go through in bulk. What an engine has no word for throws std::logic_error.
class RowsConnection : public Connection {
 public:
  /// Runs one query and hands over each row as it comes; they are never all in memory. What `take` throws ends the query and comes out.
  virtual void read_rows(std::string_view sql, const std::function<void(Fields)>& take) = 0;

  // PostgreSQL's COPY, whose data goes through as it is.
  virtual void copy_out(std::string_view sql, const std::function<void(std::string_view)>& take);
  virtual void begin_copy_in(std::string_view sql);
  virtual void copy_in(std::string_view data);
  virtual void end_copy_in();
  virtual void abort_copy_in() noexcept;

  // SQLite: a statement that runs once for each row of values.
  virtual void prepare_rows(std::string_view sql);
  virtual void run_row(Fields values);
  /// SQLite: a function for the SQL of this connection. The text that it returns is its value; nothing is NULL.
  virtual void define_function(const std::string& name, std::function<std::optional<std::string>(Fields)> function);
  /// The same with a number as its value.
  virtual void define_number(const std::string& name, std::function<long long(Fields)> function);
};

}  // namespace migrate
