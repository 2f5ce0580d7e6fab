/// Sessions for rows, over libpq itself: COPY of any query, a row at a time and without copies, which libpqxx 6.4 has not.
#include <libpq-fe.h>

#include <fmt/format.h>

#include <array>
#include <memory>
#include <span>
#include <utility>

#include "dialect/connection.hpp"
#include "dialect/postgresql/run/errors.hpp"
#include "dialect/postgresql/run/parameters.hpp"
#include "project/url.hpp"

namespace migrate {
namespace {

using Cause = DatabaseError::Cause;

struct FreeResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using ResultHandle = std::unique_ptr<PGresult, FreeResult>;

std::string trimmed(std::string text) {
  while (!text.empty() && static_cast<unsigned char>(text.back()) <= ' ') text.pop_back();
  return text;
}

/// A line of COPY's text format, taken apart: values are unescaped where they stand.
class CopyLine {
 public:
  Fields read(std::span<char> line) {
    fields_.clear();
    auto* out = line.data();
    std::size_t at = 0;
    while (true) {
      auto* const start = out;
      bool null = false;
      while (at < line.size() && line[at] != '\t' && line[at] != '\n') {
        if (line[at] != '\\') {
          *out++ = line[at++];
          continue;
        }
        const char c = line[++at];
        ++at;
        if (c == 'N') null = true;
        else *out++ = c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c == 'b' ? '\b' : c == 'f' ? '\f' : c == 'v' ? '\v' : c;
      }
      fields_.push_back(null ? Field{} : Field::of({start, static_cast<std::size_t>(out - start)}));
      if (at >= line.size() || line[at] == '\n') break;
      ++at;
    }
    return fields_;
  }

 private:
  std::vector<Field> fields_;
};

class PostgresqlRows final : public RowsConnection {
 public:
  explicit PostgresqlRows(const DatabaseUrl& url) : connection_(PQconnectdb(postgresql::conninfo(url).c_str())) {
    if (PQstatus(connection_) == CONNECTION_OK) {
      PQsetNoticeProcessor(connection_, [](void* self, const char* message) { static_cast<PostgresqlRows*>(self)->notice(message); }, this);
      return;
    }
    auto words = trimmed(PQerrorMessage(connection_));
    PQfinish(connection_);
    for (const auto& secret : {url.password, url.parameters.contains("password") ? url.parameters.at("password") : std::string{}}) {
      if (secret.size() < 3) continue;
      for (auto at = words.find(secret); at != std::string::npos; at = words.find(secret, at + 3)) words.replace(at, secret.size(), "***");
    }
    throw DatabaseError{Cause::connection, "cannot connect to " + url.display() + ": " + words, "08001", 0, "check that the server runs and that host and port are right"};
  }
  PostgresqlRows(const PostgresqlRows&) = delete;
  PostgresqlRows& operator=(const PostgresqlRows&) = delete;
  ~PostgresqlRows() override { PQfinish(connection_); }

  Result query(std::string_view sql) override { return converted(run(PQexec(connection_, std::string(sql).c_str()))); }

  Result query(std::string_view sql, std::span<const Value> values) override {
    std::vector<const char*> parameters;
    for (const auto& value : values) parameters.push_back(value ? value->c_str() : nullptr);
    return converted(run(PQexecParams(connection_, std::string(sql).c_str(), static_cast<int>(parameters.size()), nullptr, parameters.data(), nullptr, nullptr, 0)));
  }

  void execute(std::string_view sql) override { static_cast<void>(query(sql)); }

  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    for (std::size_t i = 0; i < queries.size(); ++i) take(i, query(queries[i]));
  }

  void cancel() noexcept override {
    std::array<char, 256> words{};
    auto* handle = PQgetCancel(connection_);
    if (handle == nullptr) return;
    static_cast<void>(PQcancel(handle, words.data(), static_cast<int>(words.size())));
    PQfreeCancel(handle);
  }

  [[nodiscard]] long long session_id() override { return PQbackendPID(connection_); }
  [[nodiscard]] long long round_trips() const override { return round_trips_; }
  void on_notice(std::function<void(const std::string&)> handler) override { handler_ = std::move(handler); }

  void read_rows(std::string_view sql, const std::function<void(Fields)>& take) override {
    CopyLine line;
    copy_lines(fmt::format("COPY ({}) TO STDOUT", sql), [&](std::span<char> data) { take(line.read(data)); });
  }

  void copy_out(std::string_view sql, const std::function<void(std::string_view)>& take) override {
    copy_lines(sql, [&](std::span<char> data) { take({data.data(), data.size()}); });
  }

  void begin_copy_in(std::string_view sql) override {
    const auto result = run(PQexec(connection_, std::string(sql).c_str()));
    if (PQresultStatus(result.get()) != PGRES_COPY_IN) throw std::logic_error("not a COPY FROM STDIN");
  }

  void copy_in(std::string_view data) override {
    if (PQputCopyData(connection_, data.data(), static_cast<int>(data.size())) != 1) fail(nullptr);
  }

  void end_copy_in() override {
    if (PQputCopyEnd(connection_, nullptr) != 1) fail(nullptr);
    finish();
  }

  void abort_copy_in() noexcept override {
    PQputCopyEnd(connection_, "given up");
    while (auto* result = PQgetResult(connection_)) PQclear(result);
  }

 private:
  /// Hands over each line, whose memory may be used until the next one.
  template <class Take>
  void copy_lines(std::string_view sql, Take&& take) {
    const auto result = run(PQexec(connection_, std::string(sql).c_str()));
    if (PQresultStatus(result.get()) != PGRES_COPY_OUT) throw std::logic_error("not a COPY TO STDOUT");
    while (true) {
      char* data = nullptr;
      const int size = PQgetCopyData(connection_, &data, 0);
      if (size == -2) fail(nullptr);
      if (size < 0) break;
      const std::unique_ptr<char, decltype(&PQfreemem)> owner(data, &PQfreemem);
      try {
        take(std::span<char>{data, static_cast<std::size_t>(size)});
      } catch (...) {
        cancel();
        drain_copy();
        throw;
      }
    }
    finish();
  }

  ResultHandle run(PGresult* raw) {
    ++round_trips_;
    ResultHandle result(raw);
    const auto status = PQresultStatus(raw);
    if (raw == nullptr || status == PGRES_FATAL_ERROR || status == PGRES_BAD_RESPONSE || status == PGRES_NONFATAL_ERROR) fail(raw);
    return result;
  }

  /// What the server says at the end of a COPY; throws its error.
  void finish() {
    std::optional<DatabaseError> error;
    while (auto* raw = PQgetResult(connection_)) {
      const ResultHandle result(raw);
      if (PQresultStatus(raw) == PGRES_FATAL_ERROR && !error) error = error_of(raw);
    }
    if (error) throw DatabaseError(*error);
  }

  void drain_copy() noexcept {
    char* data = nullptr;
    while (PQgetCopyData(connection_, &data, 0) > 0) PQfreemem(data);
    while (auto* result = PQgetResult(connection_)) PQclear(result);
  }

  DatabaseError error_of(const PGresult* result) {
    const auto field = [&](int code) {
      const char* text = result == nullptr ? nullptr : PQresultErrorField(result, code);
      return std::string(text == nullptr ? "" : text);
    };
    auto words = field(PG_DIAG_MESSAGE_PRIMARY);
    if (words.empty()) words = trimmed(PQerrorMessage(connection_));
    if (const auto detail = field(PG_DIAG_MESSAGE_DETAIL); !detail.empty()) words += " (" + detail + ")";
    const auto sqlstate = field(PG_DIAG_SQLSTATE);
    const bool open = PQstatus(connection_) == CONNECTION_OK;
    return {open ? postgresql::cause_of(sqlstate) : Cause::connection, words, open ? sqlstate : "08006", 0, postgresql::hint_of(sqlstate, words)};
  }

  [[noreturn]] void fail(const PGresult* result) {
    const auto error = error_of(result);
    while (auto* rest = PQgetResult(connection_)) PQclear(rest);
    throw DatabaseError(error);
  }

  static Result converted(const ResultHandle& from) {
    Result result;
    const int columns = PQnfields(from.get());
    for (int i = 0; i < columns; ++i) result.columns.emplace_back(PQfname(from.get(), i));
    for (int row = 0; row < PQntuples(from.get()); ++row) {
      auto& values = result.rows.emplace_back();
      for (int i = 0; i < columns; ++i) {
        if (PQgetisnull(from.get(), row, i) != 0) values.emplace_back();
        else values.emplace_back(std::in_place, PQgetvalue(from.get(), row, i), static_cast<std::size_t>(PQgetlength(from.get(), row, i)));
      }
    }
    const std::string affected = PQcmdTuples(from.get());
    result.affected = affected.empty() ? 0 : std::stoll(affected);
    return result;
  }

  void notice(const char* message) {
    if (handler_) handler_(trimmed(message));
  }

  PGconn* connection_;
  std::function<void(const std::string&)> handler_;
  long long round_trips_ = 0;
};

}  // namespace
}  // namespace migrate

extern "C" migrate::RowsConnection* migrate_open_rows_connection(const migrate::DatabaseUrl& url) { return new migrate::PostgresqlRows(url); }
