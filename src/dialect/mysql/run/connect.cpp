// The MySQL driver module: the only file that includes MySQL Connector/C++ (the JDBC-style API of 1.1, 8 and 9).

#include <cppconn/connection.h>
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_connection.h>
#include <mysql_driver.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <exception>
#include <map>
#include <memory>
#include <mutex>

#include "core/text.hpp"
#include "dialect/connection.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "project/url.hpp"

namespace migrate::mysql {
namespace {

using Cause = DatabaseError::Cause;

Cause cause_of(int code) {
  switch (code) {
    case 1205:  // ER_LOCK_WAIT_TIMEOUT
    case 3572:  // ER_LOCK_NOWAIT
      return Cause::lock_timeout;
    case 1213:  // ER_LOCK_DEADLOCK
    case 1020:  // ER_CHECKREAD: the record has changed since it was read (snapshot isolation of MariaDB 11)
    case 3101:  // ER_TRANSACTION_ROLLBACK_DURING_COMMIT
      return Cause::serialization;
    case 1317:  // ER_QUERY_INTERRUPTED
    case 1969:  // ER_STATEMENT_TIMEOUT of MariaDB
    case 3024:  // ER_QUERY_TIMEOUT of MySQL
      return Cause::cancelled;
    case 1044:  // ER_DBACCESS_DENIED_ERROR
    case 1045:  // ER_ACCESS_DENIED_ERROR
    case 1698:  // ER_ACCESS_DENIED_NO_PASSWORD_ERROR
    case 1820:  // ER_MUST_CHANGE_PASSWORD
    case 1862:  // ER_MUST_CHANGE_PASSWORD_LOGIN
    case 2059:  // CR_AUTH_PLUGIN_CANNOT_LOAD
    case 2061:  // CR_AUTH_PLUGIN_ERR
    case 4151:  // ER_ACCOUNT_HAS_BEEN_LOCKED of MariaDB
      return Cause::authentication;
    case 1040:  // ER_CON_COUNT_ERROR
    case 1053:  // ER_SERVER_SHUTDOWN
    case 1077:  // ER_NORMAL_SHUTDOWN
    case 1129:  // ER_HOST_IS_BLOCKED
    case 1130:  // ER_HOST_NOT_PRIVILEGED
    case 1152: case 1158: case 1159: case 1160: case 1161: case 1184:  // aborted connections, network errors
    case 1203:  // ER_TOO_MANY_USER_CONNECTIONS
    case 1927:  // ER_CONNECTION_KILLED
    case 2002: case 2003: case 2005: case 2006: case 2012: case 2013: case 2026: case 2055:  // client: cannot connect, gone, lost, TLS
    case 4031:  // ER_CLIENT_INTERACTION_TIMEOUT of MySQL
      return Cause::connection;
    default:
      return Cause::statement;
  }
}

std::string hint_of(int code) {
  switch (code) {
    case 1045: case 1698: return "check user and password in the database URL";
    case 1044: return "the user may not use this database: GRANT ALL ON database.* TO user";
    case 2002: case 2003: return "is the server running, and are host, port or socket right?";
    case 1153: case 2020: return "raise max_allowed_packet of the server";
    default: return {};
  }
}

/// Connector/C++ 1.1 has messages for its own states without a code.
[[noreturn]] void raise(const sql::SQLException& error, const std::string& doing = {}) {
  const int code = error.getErrorCode();
  auto message = doing.empty() ? std::string(error.what()) : doing + ": " + error.what();
  auto cause = cause_of(code);
  if (code == 0 && std::string_view(error.what()).find("closed") != std::string_view::npos) cause = Cause::connection;
  throw DatabaseError(cause, std::move(message), error.getSQLState(), code, hint_of(code));
}

bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xC2 && lead < 0xE0 ? 2 : lead >= 0xE0 && lead < 0xF0 ? 3 : lead >= 0xF0 && lead < 0xF5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return false;
    for (std::size_t k = 1; k < length; ++k) {
      if ((static_cast<unsigned char>(text[i + k]) & 0xC0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

/// A parameter of the URL under any of its spellings: ssl-ca, ssl_ca, sslca.
std::string parameter(const DatabaseUrl& url, std::string_view name) {
  const auto plain = [](std::string_view text) {
    std::string result;
    for (const char c : text) {
      if (c != '-' && c != '_') result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    }
    return result;
  };
  for (const auto& [key, value] : url.parameters) {
    if (plain(key) == plain(name)) return value;
  }
  return {};
}

int number_parameter(const DatabaseUrl& url, std::string_view name, int otherwise) {
  const auto text = parameter(url, name);
  if (text.empty()) return otherwise;
  if (text.size() > 6 || text.find_first_not_of("0123456789") != std::string::npos) {
    throw Error{ErrorKind::usage, fmt::format("database URL: {} must be a number of seconds, not '{}'", name, text)};
  }
  return std::stoi(text);
}

void add_tls(const DatabaseUrl& url, sql::ConnectOptionsMap& options) {
  const std::pair<const char*, const char*> files[] = {
      {"ssl-ca", "sslCA"}, {"ssl-capath", "sslCAPath"}, {"ssl-cert", "sslCert"}, {"ssl-key", "sslKey"}, {"ssl-cipher", "sslCipher"}};
  bool any = false;
  for (const auto& [name, option] : files) {
    if (auto value = parameter(url, name); !value.empty()) {
      options[option] = sql::SQLString(value);
      any = true;
    }
  }
  auto mode = lower(parameter(url, "ssl-mode"));
  std::replace(mode.begin(), mode.end(), '-', '_');
  static const std::map<std::string, int> modes = {
      {"disabled", 1}, {"disable", 1}, {"preferred", 2}, {"prefer", 2},          {"required", 3},
      {"require", 3},  {"verify_ca", 4}, {"verify_identity", 5}, {"verify_full", 5}};
  if (mode.empty()) return;
  const auto found = modes.find(mode);
  if (found == modes.end()) {
    throw Error{ErrorKind::usage, fmt::format("database URL: unknown sslmode '{}'", mode),
                "one of disabled, preferred, required, verify_ca, verify_identity"};
  }
  const int level = found->second;
#if MYSQL_CONCPP_VERSION_NUMBER >= 8000000
  options["OPT_SSL_MODE"] = level;
#else
  // libmariadb knows no modes, only "use TLS" and "verify the certificate". `required` is checked after connecting.
  if (level >= 3 && !any) options["sslCipher"] = sql::SQLString("DEFAULT");
  if (level >= 3) options["sslEnforce"] = true;
  if (level >= 4) options["sslVerify"] = true;
#endif
}

sql::ConnectOptionsMap connect_options(const DatabaseUrl& url) {
  sql::ConnectOptionsMap options;
  const auto socket = parameter(url, "socket");
  if (!socket.empty()) {
    options["hostName"] = sql::SQLString("unix://" + socket);
    options["socket"] = sql::SQLString(socket);
  } else {
    // "localhost" would mean the default socket to the client library; a URL with a port means TCP.
    const auto host = url.host.empty() || (url.host == "localhost" && url.port != 0) ? std::string("127.0.0.1") : url.host;
    options["hostName"] = sql::SQLString(host);
    options["port"] = url.port == 0 ? 3306 : url.port;
  }
  options["userName"] = sql::SQLString(url.user);
  options["password"] = sql::SQLString(url.password);
  if (!url.database.empty()) options["schema"] = sql::SQLString(url.database);
  options["CLIENT_MULTI_STATEMENTS"] = true;
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["characterSetResults"] = sql::SQLString("utf8mb4");
  options["OPT_LOCAL_INFILE"] = 0;  // a server must not be able to ask for this machine's files
  options["OPT_RECONNECT"] = false;
  options["OPT_CONNECT_TIMEOUT"] = number_parameter(url, "connect_timeout", 10);
  add_tls(url, options);
  return options;
}

std::unique_ptr<sql::Connection> open(const DatabaseUrl& url) {
  // The library's start-up is not safe against itself.
  static std::mutex mutex;
  sql::Driver* driver = nullptr;
  {
    const std::scoped_lock lock(mutex);
    driver = ::get_driver_instance();
  }
  auto options = connect_options(url);
  try {
    std::unique_ptr<sql::Connection> connection(driver->connect(options));
    if (!connection) throw DatabaseError(Cause::connection, "cannot connect to " + url.display());
    return connection;
  } catch (const sql::SQLException& error) {
    const int code = error.getErrorCode();
    const auto message = fmt::format("cannot connect to {}: {}", url.display(), error.what());
    if (code == 1049) {
      throw DatabaseError(Cause::statement, message, error.getSQLState(), code,
                          fmt::format("create it: CREATE DATABASE {} CHARACTER SET utf8mb4", quote_name(url.database)));
    }
    auto cause = cause_of(code);
    if (cause == Cause::statement) cause = Cause::connection;
    throw DatabaseError(cause, message, error.getSQLState(), code, hint_of(code));
  }
}

Result read_rows(sql::ResultSet& rows) {
  Result result;
  auto* meta = rows.getMetaData();
  const unsigned count = meta->getColumnCount();
  for (unsigned i = 1; i <= count; ++i) result.columns.push_back(meta->getColumnLabel(i).asStdString());
  result.rows.reserve(rows.rowsCount());
  while (rows.next()) {
    Row row;
    row.reserve(count);
    for (unsigned i = 1; i <= count; ++i) {
      if (rows.isNull(i)) row.emplace_back();
      else row.emplace_back(rows.getString(i).asStdString());
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

/// The last result of a batch. The JDBC-style API cannot tell "no more results" from "a result without rows"; so a
/// batch whose number of results is not known beforehand ends with this query.
constexpr std::string_view end_marker = "migrate: end of batch";

class MysqlConnection final : public Connection {
 public:
  explicit MysqlConnection(const DatabaseUrl& url) : url_(url), connection_(open(url)), statement_(connection_->createStatement()) {
    check_tls();
  }

  Result query(std::string_view sql) override {
    const bool many = may_return_several_results(sql);
    return guarded([&] {
      auto first = run(many ? with_marker(sql) : std::string(sql));
      if (many) drain(first);
      warn();
      return first;
    });
  }

  Result query(std::string_view sql, std::span<const Value> values) override { return query(bind(sql, values)); }

  void execute(std::string_view sql) override {
    const auto parts = statement_ranges(sql);
    if (parts.empty()) return;
    const bool counted = std::none_of(parts.begin(), parts.end(), [&](const Range& part) { return may_return_several_results(sql.substr(part.begin, part.end - part.begin)); });
    // Everything up to the last statement's end: a trailing ';' or comment would be an empty statement.
    const auto from = parts.size() == 1 ? parts[0].begin : 0;
    const auto batch = sql.substr(from, parts.back().end - from);
    std::size_t done = 0;
    try {
      guarded([&] {
        if (counted) {  // a result for each statement, and nothing of ours behind them
          run(batch);
          while (++done < parts.size()) next();
        } else {
          auto result = run(with_marker(batch));
          drain(result, &done);
        }
        warn();
        return 0;
      });
    } catch (DatabaseError& error) {
      // One result for each statement that ran; a procedure's own results make the count useless.
      bool certain = true;
      for (std::size_t i = 0; i < std::min(done + 1, parts.size()); ++i) {
        certain = certain && !may_return_several_results(sql.substr(parts[i].begin, parts[i].end - parts[i].begin));
      }
      if (certain && done < parts.size()) error.position = static_cast<long long>(parts[done].begin);
      throw;
    }
  }

  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    if (queries.empty()) return;
    std::exception_ptr refused;
    guarded([&] {
      std::string batch;
      for (const auto& query : queries) {
        if (!batch.empty()) batch += ";\n";
        batch += query;
      }
      for (std::size_t i = 0; i < queries.size(); ++i) {
        auto result = i == 0 ? run(batch) : next();
        if (refused) continue;
        try {
          take(i, std::move(result));
        } catch (...) {
          refused = std::current_exception();
        }
      }
      return 0;
    });
    if (refused) std::rethrow_exception(refused);
  }

  void cancel() noexcept override {
    const auto id = running_.load();
    if (id == 0) return;
    try {
      const auto other = open(url_);
      const std::unique_ptr<sql::Statement> statement(other->createStatement());
      statement->execute("KILL QUERY " + std::to_string(id));
    } catch (...) {  // nothing can be done: the statement goes on
    }
  }

  [[nodiscard]] long long round_trips() const override { return round_trips_; }

  void on_notice(std::function<void(const std::string&)> handler) override { notice_ = std::move(handler); }

 private:
  template <class F>
  auto guarded(F&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const sql::SQLException& error) {
      reset();
      raise(error);
    }
  }

  /// After an error in a batch nothing is left to read, but the statement object remembers half-read state.
  void reset() noexcept {
    try {
      statement_.reset(connection_->createStatement());
    } catch (...) {
    }
  }

  Result run(std::string_view sql) {
    ++round_trips_;
    const bool rows = statement_->execute(sql::SQLString(sql.data(), sql.size()));
    return result_of(rows);
  }

  Result next() { return result_of(statement_->getMoreResults()); }

  Result result_of(bool rows) {
    Result result;
    if (rows) {
      const std::unique_ptr<sql::ResultSet> set(statement_->getResultSet());
      if (set) result = read_rows(*set);
    } else {
      const auto affected = statement_->getUpdateCount();
      result.affected = affected == ~std::uint64_t{0} ? 0 : static_cast<long long>(affected);
    }
    return result;
  }

  static std::string with_marker(std::string_view sql) { return fmt::format("{}\n;SELECT '{}'", sql, end_marker); }

  static bool is_marker(const Result& result) {
    return result.rows.size() == 1 && result.rows[0].size() == 1 && result.rows[0][0] == end_marker && result.columns[0] == end_marker;
  }

  void drain(const Result& first, std::size_t* done = nullptr) {
    if (is_marker(first)) return;
    if (done != nullptr) ++*done;
    while (!is_marker(next())) {
      if (done != nullptr) ++*done;
    }
  }

  /// Values become literals, escaped as the server's current sql_mode asks: one round trip, where preparing takes three.
  std::string bind(std::string_view sql, std::span<const Value> values) {
    std::string text;
    std::size_t from = 0;
    std::size_t used = 0;
    for (const auto place : placeholders(sql)) {
      if (used == values.size()) throw std::logic_error("fewer values than placeholders");
      text += sql.substr(from, place - from);
      const auto& value = values[used++];
      if (!value) text += "NULL";
      else text += (valid_utf8(*value) ? "'" : "_binary'") + escape(*value) + "'";
      from = place + 1;
    }
    if (used != values.size()) throw std::logic_error("more values than placeholders");
    return text += sql.substr(from);
  }

  std::string escape(const std::string& value) {
    if (auto* mysql = dynamic_cast<sql::mysql::MySQL_Connection*>(connection_.get())) {
      try {
        return mysql->escapeString(sql::SQLString(value)).asStdString();
      } catch (const sql::SQLException& error) {
        raise(error);
      }
    }
    throw std::logic_error("not a connection of MySQL Connector/C++");
  }

  /// Warnings of the last statement, only where somebody listens: they cost a round trip.
  void warn() {
    if (!notice_) return;
    const auto warnings = run("SHOW WARNINGS");
    for (const auto& row : warnings.rows) {
      if (row.size() >= 3) notice_(fmt::format("{} {}: {}", row[0].value_or(""), row[1].value_or(""), row[2].value_or("")));
    }
  }

  void check_tls() {
    const auto setup = guarded([&] { return run("SELECT connection_id()"); });
    running_ = std::stoull(setup.rows.at(0).at(0).value_or("0"));
    round_trips_ = 0;
    const auto mode = lower(parameter(url_, "ssl-mode"));
    if (mode.empty() || mode.starts_with("disable") || mode.starts_with("prefer")) return;
    const auto cipher = guarded([&] { return run("SHOW STATUS LIKE 'Ssl_cipher'"); });
    round_trips_ = 0;
    if (cipher.rows.empty() || cipher.rows[0].size() < 2 || cipher.rows[0][1].value_or("").empty()) {
      throw DatabaseError(Cause::connection, fmt::format("cannot connect to {}: the server offers no TLS and sslmode={} asks for it",
                                                         url_.display(), mode));
    }
  }

  DatabaseUrl url_;
  std::unique_ptr<sql::Connection> connection_;
  std::unique_ptr<sql::Statement> statement_;
  std::atomic<unsigned long long> running_{0};
  long long round_trips_ = 0;
  std::function<void(const std::string&)> notice_;
};

}  // namespace
}  // namespace migrate::mysql

extern "C" __attribute__((visibility("default"))) migrate::Connection* migrate_open_connection(const migrate::DatabaseUrl& url) {
  if (url.database.empty()) {
    throw migrate::Error{migrate::ErrorKind::usage, "cannot connect to " + url.display() + ": the URL names no database",
                         "add it at the end: " + url.scheme + "://user@host/DATABASE"};
  }
  return new migrate::mysql::MysqlConnection(url);
}
