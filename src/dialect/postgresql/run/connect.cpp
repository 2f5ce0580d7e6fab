/// The libpqxx driver: the only file that sees its headers. Works with 6.4 and 7; what differs between them stands in
/// the shims at the top.
#include <fmt/format.h>
#include <libpq-fe.h>
#include <pqxx/pqxx>

#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "dialect/connection.hpp"
#include "dialect/postgresql/run/errors.hpp"
#include "dialect/postgresql/run/parameters.hpp"
#include "project/url.hpp"

// 7.9 deprecates exec_params() in favour of what 6.4 does not have.
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace migrate {
namespace {

using postgresql::cause_of;
using postgresql::conninfo;
using postgresql::hint_for_parameters;
using postgresql::hint_of;

#if PQXX_VERSION_MAJOR >= 7
pqxx::result run_bound(pqxx::nontransaction& work, const std::string& sql, std::span<const Value> values) {
  pqxx::params parameters;
  for (const auto& value : values) {
    if (value) {
      parameters.append(*value);
    } else {
      parameters.append();
    }
  }
#if PQXX_VERSION_MAJOR >= 8
  return work.exec(sql, parameters);
#else
  return work.exec_params(sql, parameters);
#endif
}
void keep_session(pqxx::connection&) {}
#else
pqxx::result run_bound(pqxx::nontransaction& work, const std::string& sql, std::span<const Value> values) {
  std::vector<const char*> parameters;
  for (const auto& value : values) parameters.push_back(value ? value->c_str() : nullptr);
  return work.exec_params(sql, pqxx::prepare::make_dynamic_params(parameters));
}
/// 6.x opens a lost connection again by itself, without the locks and settings that the session had.
void keep_session(pqxx::connection& connection) { connection.inhibit_reactivation(true); }
#endif

#if PQXX_VERSION_MAJOR < 8
class Notices : public pqxx::errorhandler {
 public:
  Notices(pqxx::connection& connection, std::function<void(const std::string&)>& handler)
      : pqxx::errorhandler(connection), handler_(handler) {}

  bool operator()(const char message[]) noexcept override {
    try {
      std::string text = message;
      while (!text.empty() && text.back() == '\n') text.pop_back();
      if (handler_ && !text.empty()) handler_(text);
    } catch (...) {  // a notice is never worth a failure
    }
    return false;
  }

 private:
  std::function<void(const std::string&)>& handler_;
};
#endif

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string trimmed(std::string text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  return text;
}

/// libpq quotes parts of the connection string in some of its errors.
std::string without_password(std::string message, const DatabaseUrl& url) {
  for (const auto& secret : {url.password, url.parameters.count("password") != 0 ? url.parameters.at("password") : std::string{}}) {
    if (secret.size() < 3) continue;
    for (auto at = message.find(secret); at != std::string::npos; at = message.find(secret, at + 3)) {
      message.replace(at, secret.size(), "***");
    }
  }
  return message;
}

/// Columns on a terminal that the character starting at `at` takes, and its bytes: libpq counts like this.
std::pair<int, std::size_t> character_at(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  const std::size_t size = byte < 0x80 ? 1 : byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
  const bool wide = byte >= 0xE3 && byte != 0xEF;  // Han, Kana, Hangul and beyond
  return {wide ? 2 : 1, std::min(size, text.size() - at)};
}

/// Where the error is in the text that was sent, read from the "LINE n: excerpt" and the caret under it, the only place
/// where libpqxx passes it on. -1 when there is none.
long long position_from(std::string_view message, std::string_view sql) {
  const auto start = message.find("\nLINE ");
  if (start == std::string_view::npos) return -1;
  const auto line_end = message.find('\n', start + 1);
  if (line_end == std::string_view::npos) return -1;
  const auto colon = message.find(": ", start);
  const auto caret_end = std::min(message.find('\n', line_end + 1), message.size());
  const auto caret = message.substr(line_end + 1, caret_end - line_end - 1).find('^');
  if (colon == std::string_view::npos || colon > line_end || caret == std::string_view::npos) return -1;
  const int number = std::atoi(std::string(message.substr(start + 6, colon - start - 6)).c_str());
  auto excerpt = message.substr(colon + 2, line_end - colon - 2);
  long long columns = static_cast<long long>(caret) - static_cast<long long>(colon + 2 - start - 1);
  if (columns < 0) return -1;
  std::size_t in_excerpt = 0;
  while (columns > 0 && in_excerpt < excerpt.size()) {
    const auto [width, size] = character_at(excerpt, in_excerpt);
    columns -= width;
    in_excerpt += size;
  }
  std::size_t line_start = 0;
  for (int line = 1; line < number; ++line) {
    const auto next = sql.find('\n', line_start);
    if (next == std::string_view::npos) return -1;
    line_start = next + 1;
  }
  if (!excerpt.starts_with("...")) return static_cast<long long>(line_start + in_excerpt);
  // A long line is cut on both sides: find where its middle stands.
  const auto middle = excerpt.substr(3, excerpt.ends_with("...") && excerpt.size() > 6 ? excerpt.size() - 6 : excerpt.size() - 3);
  const auto found = sql.find(middle, line_start);
  return found == std::string_view::npos ? -1 : static_cast<long long>(found + in_excerpt) - 3;
}

[[noreturn]] void cannot_connect(const std::string& words, const DatabaseUrl& url) {
  using Cause = DatabaseError::Cause;
  const auto message = "cannot connect to " + url.display() + ": " + without_password(trimmed(words), url);
  if (const auto hint = hint_for_parameters(words); !hint.empty()) throw Error{ErrorKind::usage, message, hint};
  // No SQLSTATE comes with a refused connection: the server's words are all there is.
  for (const auto* sign : {"authentication", "no password supplied", "pg_hba.conf", "role \"", "permission denied for database"}) {
    if (contains(words, sign)) {
      throw DatabaseError{Cause::authentication, message, "28000", 0, "check the user and the password of the database URL"};
    }
  }
  if (contains(words, "database \"") && contains(words, "does not exist")) {
    throw DatabaseError{Cause::connection, message, "3D000", 0, "create the database first: createdb " + url.database};
  }
  if (contains(words, "session is read-only") || contains(words, "hot standby mode")) {
    throw DatabaseError{Cause::connection, message, "08001", 0, "name the server that takes writes; to look at one that does not, add ?target_session_attrs=any"};
  }
  throw DatabaseError{Cause::connection, message, "08001", 0, "check that the server runs and that host and port are right"};
}

class PostgresqlConnection : public Connection {
 public:
  explicit PostgresqlConnection(const DatabaseUrl& url) try : connection_(conninfo(url)) {
    keep_session(connection_);
#if PQXX_VERSION_MAJOR >= 8
    connection_.set_notice_handler([this](pqxx::zview message) noexcept {
      try {
        if (handler_) handler_(trimmed(std::string(message)));
      } catch (...) {
      }
    });
#else
    notices_ = std::make_unique<Notices>(connection_, handler_);
#endif
  } catch (const std::exception& error) {
    cannot_connect(error.what(), url);
  }

  Result query(std::string_view sql) override {
    return run(sql, [&](pqxx::nontransaction& work) { return converted(work.exec(std::string(sql))); });
  }

  Result query(std::string_view sql, std::span<const Value> values) override {
    return run(sql, [&](pqxx::nontransaction& work) { return converted(run_bound(work, std::string(sql), values)); });
  }

  void execute(std::string_view sql) override {
    run(sql, [&](pqxx::nontransaction& work) { return static_cast<void>(work.exec(std::string(sql))), Result{}; });
  }

  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    if (queries.empty()) return;
    std::exception_ptr refused;
    run("", [&](pqxx::nontransaction& work) {
      pqxx::pipeline pipeline(work);
      pipeline.retain(static_cast<int>(queries.size()) + 1);
      std::vector<pqxx::pipeline::query_id> ids;
      for (const auto& query : queries) ids.push_back(pipeline.insert(query));
      for (std::size_t i = 0; i < ids.size(); ++i) {
        const auto result = pipeline.retrieve(ids[i]);
        if (refused) continue;
        try {
          take(i, converted(result));
        } catch (...) {
          refused = std::current_exception();
        }
      }
      return Result{};
    });
    if (refused) std::rethrow_exception(refused);
  }

  void cancel() noexcept override {
    try {
      connection_.cancel_query();
    } catch (...) {  // the statement ended by itself, or the server is gone
    }
  }

  [[nodiscard]] long long session_id() override { return connection_.backendpid(); }
  [[nodiscard]] std::optional<std::string> encryption() override {
    const auto result = query("SELECT concat_ws(', ', version, cipher) FROM pg_stat_ssl WHERE ssl AND pid = pg_backend_pid()");
    return result.rows.empty() ? std::string() : result.rows[0].at(0).value_or("");
  }

  [[nodiscard]] long long round_trips() const override { return round_trips_; }
  void on_notice(std::function<void(const std::string&)> handler) override { handler_ = std::move(handler); }

 private:
  static Result converted(const pqxx::result& from) {
    Result result;
    const auto columns = from.columns();
    for (decltype(from.columns()) i = 0; i < columns; ++i) result.columns.emplace_back(from.column_name(i));
    result.rows.reserve(static_cast<std::size_t>(from.size()));
    for (const auto& row : from) {
      auto& values = result.rows.emplace_back();
      values.reserve(static_cast<std::size_t>(columns));
      for (const auto& field : row) {
        if (field.is_null()) {
          values.emplace_back();
        } else {
          values.emplace_back(std::in_place, field.c_str(), static_cast<std::size_t>(field.size()));
        }
      }
    }
    result.affected = static_cast<long long>(from.affected_rows());
    return result;
  }

  /// A transaction object for each call: libpqxx may refuse to go on with one that saw an error, and a nontransaction
  /// costs nothing. BEGIN and COMMIT are statements like others to it.
  template <class F>
  Result run(std::string_view sql, F&& work_on) {
    if (!connection_.is_open()) throw DatabaseError{DatabaseError::Cause::connection, "the connection to the server is lost", "08003"};
    ++round_trips_;
    try {
      pqxx::nontransaction work(connection_);
      return work_on(work);
    } catch (const pqxx::serialization_failure& error) {  // in 6.x these are no sql_error and have no SQLSTATE
      fail(error.what(), "40001", sql);
    } catch (const pqxx::deadlock_detected& error) {
      fail(error.what(), "40P01", sql);
    } catch (const pqxx::statement_completion_unknown& error) {
      fail(error.what(), "40003", sql);
    } catch (const pqxx::transaction_rollback& error) {
      fail(error.what(), "40000", sql);
    } catch (const pqxx::insufficient_privilege& error) {  // in 6.x this sql_error comes without its SQLSTATE
      fail(error.what(), "42501", sql);
    } catch (const pqxx::sql_error& error) {
      fail(error.what(), error.sqlstate(), sql);
    } catch (const pqxx::broken_connection& error) {
      fail(error.what(), "08006", sql);
    } catch (const pqxx::failure& error) {
      fail(error.what(), "", sql);
    }
  }

  [[noreturn]] void fail(std::string words, std::string sqlstate, std::string_view sql) {
    const bool open = connection_.is_open();
    words = trimmed(std::move(words));
    const auto position = position_from(words, sql);
    for (const std::string_view prefix : {"ERROR:  ", "FATAL:  "}) {
      if (words.starts_with(prefix)) words.erase(0, prefix.size());
    }
    if (words.empty()) words = "the server closed the connection";
    auto cause = open ? cause_of(sqlstate) : DatabaseError::Cause::connection;
    if (!open && sqlstate.empty()) sqlstate = "08006";
    DatabaseError error{cause, words, sqlstate, 0, hint_of(sqlstate, words)};
    error.position = position;
    throw error;
  }

  std::function<void(const std::string&)> handler_;
  pqxx::connection connection_;
#if PQXX_VERSION_MAJOR < 8
  std::unique_ptr<Notices> notices_;
#endif
  long long round_trips_ = 0;
};

}  // namespace
}  // namespace migrate

extern "C" const char* migrate_client_version() {
  static const std::string version = [] {
    const int number = ::PQlibVersion();  // 150016
    return fmt::format("libpq {}.{}, libpqxx {}", number / 10000, number % 10000, PQXX_VERSION);
  }();
  return version.c_str();
}

extern "C" migrate::Connection* migrate_open_connection(const migrate::DatabaseUrl& url) { return new migrate::PostgresqlConnection(url); }
