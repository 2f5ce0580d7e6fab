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
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "core/text.hpp"
#include "dialect/connection.hpp"
#include "dialect/mysql/run/errors.hpp"
#include "dialect/mysql/run/parameters.hpp"
#include "dialect/mysql/sql/classify.hpp"
#include "dialect/mysql/sql/split.hpp"
#include "dialect/mysql/sql/text.hpp"
#include "project/url.hpp"

namespace migrate::mysql {
namespace {

using Cause = DatabaseError::Cause;

/// Connector/C++ 1.1 has messages for its own states without a code.
DatabaseError database_error(const sql::SQLException& error) {
  const int code = error.getErrorCode();
  auto cause = cause_of(code);
  if (code == 0 && std::string_view(error.what()).find("closed") != std::string_view::npos) cause = Cause::connection;
  return {cause, error.what(), error.getSQLState(), code, hint_of(code, error.what())};
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

void add_tls(const Parameters& parameters, bool socket, sql::ConnectOptionsMap& options) {
  const std::pair<const std::string*, const char*> texts[] = {{&parameters.ca, "sslCA"},
                                                              {&parameters.capath, "sslCAPath"},
                                                              {&parameters.cert, "sslCert"},
                                                              {&parameters.key, "sslKey"},
                                                              {&parameters.cipher, "sslCipher"}};
  if (parameters.tls == Tls::disabled) return;
  for (const auto& [value, option] : texts) {
    if (!value->empty()) options[option] = sql::SQLString(*value);
  }
  // As the engines' own clients have it: what does not leave the machine is not encrypted unless that is asked for.
  const bool wanted = parameters.tls > Tls::preferred || !socket;
#if MYSQL_CONCPP_VERSION_NUMBER >= 8000000
  options["OPT_SSL_MODE"] = wanted ? static_cast<int>(parameters.tls) + 1 : 1;
#else
  // libmariadb knows no modes: it takes TLS where the server has it, checks the certificate by an authority that is named, and
  // the name too when it is told to verify. That there is a cipher is looked at behind connecting.
  if (wanted) options["sslEnforce"] = true;
  if (parameters.tls == Tls::verify_identity) options["sslVerify"] = true;
#endif
}

sql::ConnectOptionsMap connect_options(const DatabaseUrl& url, const Parameters& parameters, const Endpoint& endpoint) {
  sql::ConnectOptionsMap options;
  bool socket = true;
  if (!parameters.socket.empty()) {
    options["hostName"] = sql::SQLString("unix://" + parameters.socket);
    options["socket"] = sql::SQLString(parameters.socket);
  } else if (endpoint.host == "localhost" && endpoint.port == 0) {
    options["hostName"] = sql::SQLString("localhost");  // to the client library that is its default socket
  } else {
    socket = false;
    // The library reads the text as a URL of its own, where an IPv6 address needs its brackets.
    const auto& host = endpoint.host;
    options["hostName"] = sql::SQLString(host.find(':') != std::string::npos         ? "tcp://[" + host + "]"
                                         : host.empty() || host == "localhost" ? std::string("127.0.0.1")
                                                                               : host);
    options["port"] = endpoint.port == 0 ? 3306 : endpoint.port;
  }
  options["userName"] = sql::SQLString(url.user);
  options["password"] = sql::SQLString(url.password);
  if (!url.database.empty()) options["schema"] = sql::SQLString(url.database);
  options["CLIENT_MULTI_STATEMENTS"] = true;
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["characterSetResults"] = sql::SQLString("utf8mb4");
  options["OPT_LOCAL_INFILE"] = 0;  // a server must not be able to ask for this machine's files
  options["OPT_RECONNECT"] = false;
  options["OPT_CONNECT_TIMEOUT"] = parameters.connect_timeout;
  add_tls(parameters, socket, options);
  return options;
}

std::string text_of(const Endpoint& endpoint) {
  const bool v6 = endpoint.host.find(':') != std::string::npos;
  return (v6 ? "[" + endpoint.host + "]" : endpoint.host) + (endpoint.port == 0 ? "" : ":" + std::to_string(endpoint.port));
}

using DriverConnection = std::unique_ptr<sql::Connection>;

/// Connects to one host. Throws SQLException.
DriverConnection open(const DatabaseUrl& url, const Parameters& parameters, const Endpoint& endpoint) {
  // The library's start-up is not safe against itself.
  static std::mutex mutex;
  sql::Driver* driver = nullptr;
  {
    const std::scoped_lock lock(mutex);
    driver = ::get_driver_instance();
  }
  auto options = connect_options(url, parameters, endpoint);
  try {
    return DriverConnection(driver->connect(options));
  } catch (const sql::SQLException& error) {
    constexpr int tls_failed = 2026;
    if (error.getErrorCode() != tls_failed || parameters.tls != Tls::preferred) throw;
    // A server that offers TLS of a kind that this client does not speak.
    auto without = parameters;
    without.tls = Tls::disabled;
    options = connect_options(url, without, endpoint);
    return DriverConnection(driver->connect(options));
  }
}

std::vector<std::string> first_row(sql::ResultSet& rows) {
  std::vector<std::string> values;
  if (!rows.next()) return values;
  for (unsigned i = 1; i <= rows.getMetaData()->getColumnCount(); ++i) values.push_back(rows.isNull(i) ? "" : rows.getString(i).asStdString());
  return values;
}

/// What stands in the first row of a query; throws SQLException.
std::vector<std::string> ask(sql::Connection& connection, const std::string& query) {
  const std::unique_ptr<sql::Statement> statement(connection.createStatement());
  const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(query));
  return first_row(*rows);
}

/// The same behind a statement that returns nothing, in one round trip.
std::vector<std::string> ask_behind(sql::Connection& connection, const std::string& first, const std::string& query) {
  const std::unique_ptr<sql::Statement> statement(connection.createStatement());
  statement->execute(first + ";" + query);
  if (!statement->getMoreResults()) return {};
  const std::unique_ptr<sql::ResultSet> rows(statement->getResultSet());
  return first_row(*rows);
}

/// Version and cipher, or nothing when the session is not encrypted.
std::string cipher_of(sql::Connection& connection) {
  const auto cipher = ask(connection, "SHOW STATUS LIKE 'Ssl_cipher'");
  if (cipher.size() < 2 || cipher[1].empty()) return {};
  const auto version = ask(connection, "SHOW STATUS LIKE 'Ssl_version'");
  return (version.size() < 2 ? "" : version[1] + ", ") + cipher[1];
}

/// An open session and where it is.
struct Opened {
  DriverConnection connection;
  Endpoint endpoint;
  unsigned long long id = 0;
  std::string sql_mode;
  std::size_t max_allowed_packet = 0;
  bool mariadb = false;
};

/// Why a server cannot be used that let us in; "" when it can.
std::string unfit(sql::Connection& connection, const Parameters& parameters) {
  if (parameters.tls > Tls::preferred && cipher_of(connection).empty()) return "the server offers no TLS, and ssl-mode=" + name_of(parameters.tls) + " asks for it";
  if (!parameters.must_write) return {};
  for (const auto& value : ask(connection, "SELECT @@global.read_only, @@global.innodb_read_only")) {
    if (value != "0" && !equal_ignoring_case(value, "OFF")) return "it takes no writes (read_only)";
  }
  return {};
}

[[noreturn]] void cannot_connect(const DatabaseUrl& url, const std::string& words, const sql::SQLException* error) {
  const auto message = fmt::format("cannot connect to {}: {}", url.display(), words);
  const int code = error == nullptr ? 0 : error->getErrorCode();
  if (code == 1049) {
    throw DatabaseError(Cause::statement, message, error->getSQLState(), code,
                        fmt::format("create it: CREATE DATABASE {} CHARACTER SET utf8mb4", quote_name(url.database)));
  }
  if (error == nullptr) {
    const bool writes = words.find("read_only") != std::string::npos;
    throw DatabaseError(Cause::connection, message, "08001", 0,
                        writes ? "name the server that takes writes; to look at one that does not, add ?target_session_attrs=any" : "see the server's settings for TLS");
  }
  auto cause = cause_of(code);
  if (cause == Cause::statement) cause = Cause::connection;
  throw DatabaseError(cause, message, error->getSQLState(), code, hint_of(code, error->what()));
}

/// Asks what a session's work depends on. A session commits each statement by itself, as those of the engine's client do where
/// the server does not say otherwise: what is done and its record would be lost with the session.
/// The collation of its literals is the one that the server's own client gets, which programs keep: the client library takes another.
void set_up(Opened& opened) {
  const auto facts = ask_behind(*opened.connection, "SET NAMES utf8mb4", "SELECT connection_id(), @@sql_mode, @@max_allowed_packet, @@autocommit, version()");
  opened.id = std::stoull(facts.at(0));
  opened.sql_mode = facts.at(1);
  opened.max_allowed_packet = std::max<std::size_t>(std::stoull(facts.at(2)), 1024);
  opened.mariadb = facts.at(4).find("MariaDB") != std::string::npos;
  if (facts.at(3) != "0") return;
  const std::unique_ptr<sql::Statement> statement(opened.connection->createStatement());
  statement->execute("SET autocommit = 1");
}

/// Tries the hosts in turn.
Opened open(const DatabaseUrl& url) {
  const auto parameters = Parameters::of(url);
  const auto endpoints = url.endpoints();
  std::string tried;
  std::optional<sql::SQLException> refusal;
  bool some_unfit = false;
  for (const auto& endpoint : endpoints) {
    std::string words;
    try {
      Opened opened{open(url, parameters, endpoint), endpoint};
      words = unfit(*opened.connection, parameters);
      if (words.empty()) {
        set_up(opened);
        return opened;
      }
      some_unfit = true;
    } catch (const sql::SQLException& error) {
      words = error.what();
      if (cause_of(error.getErrorCode()) != Cause::connection) cannot_connect(url, words, &error);
      refusal.emplace(error);
    }
    tried += (tried.empty() ? "" : "; ") + (endpoints.size() == 1 ? words : text_of(endpoint) + ": " + words);
  }
  cannot_connect(url, tried, some_unfit ? nullptr : &*refusal);
}

Result read_result(sql::ResultSet& rows) {
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
/// batch whose number of results is not known beforehand ends with a query of this value.
constexpr std::string_view end_marker = "migrate: end of batch";
constexpr std::size_t marker_size = 128;

class MysqlConnection final : public RowsConnection {
 public:
  explicit MysqlConnection(const DatabaseUrl& url) : MysqlConnection(url, open(url)) {}

  Result query(std::string_view sql) override {
    refuse_too_long(sql.size());
    const bool many = may_return_several_results(sql);
    return guarded([&] {
      auto first = many ? run(with_marker(sql)) : run(sql);
      if (many) drain(sql, first);
      warn();
      return first;
    });
  }

  Result query(std::string_view sql, std::span<const Value> values) override { return query(bind(sql, values)); }

  void execute(std::string_view sql) override {
    const auto parts = statement_ranges(sql, quoting_, usual_);
    for (std::size_t first = 0; first < parts.size();) {
      const bool alone = may_be_nothing(text_of(sql, parts[first]));
      auto end = first + 1;
      // What the server takes at once, and without what may be no statement for it: in a batch that is an error.
      while (!alone && end < parts.size() && parts[end].end - parts[first].begin < largest_ && !may_be_nothing(text_of(sql, parts[end])) &&
             !ends_message(text_of(sql, parts[end - 1]))) {
        ++end;
      }
      execute_parts(sql, std::span(parts).subspan(first, end - first), alone);
      first = end;
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

  /// Unbuffered: the server waits while a row is looked at.
  void read_rows(std::string_view sql, const std::function<void(Fields)>& take) override {
    guarded([&] {
      ++round_trips_;
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      statement->setResultSetType(sql::ResultSet::TYPE_FORWARD_ONLY);
      const std::unique_ptr<sql::ResultSet> rows(statement->executeQuery(sql::SQLString(sql.data(), sql.size())));
      const unsigned count = rows->getMetaData()->getColumnCount();
      std::vector<sql::SQLString> texts(count);
      std::vector<Field> fields(count);
      while (rows->next()) {
        for (unsigned i = 1; i <= count; ++i) {
          auto& field = fields[i - 1];
          field = {};
          if (rows->isNull(i)) continue;
          texts[i - 1] = rows->getString(i);
          field = Field::of(texts[i - 1].asStdString());
        }
        take(fields);
      }
      return 0;
    });
  }

  void cancel() noexcept override {
    const auto id = running_.load();
    if (id == 0) return;
    try {
      const auto other = open(url_, Parameters::of(url_), endpoint_);
      const std::unique_ptr<sql::Statement> statement(other->createStatement());
      statement->execute("KILL QUERY " + std::to_string(id));
    } catch (...) {  // nothing can be done: the statement goes on
    }
  }

  [[nodiscard]] std::optional<std::string> encryption() override {
    return guarded([&] { return std::optional(cipher_of(*connection_)); });
  }

  [[nodiscard]] long long round_trips() const override { return round_trips_; }

  void on_notice(std::function<void(const std::string&)> handler) override { notice_ = std::move(handler); }

 private:
  MysqlConnection(DatabaseUrl url, Opened opened)
      : url_(std::move(url)), endpoint_(std::move(opened.endpoint)), connection_(std::move(opened.connection)), statement_(connection_->createStatement()),
        running_(opened.id), quoting_(Quoting::of(opened.sql_mode)), usual_(quoting_), largest_(opened.max_allowed_packet - marker_size), mariadb_(opened.mariadb) {}

  [[nodiscard]] bool ends_message(std::string_view statement) const { return !mariadb_ && makes_program(statement); }

  static std::string_view text_of(std::string_view sql, const Range& range) { return sql.substr(range.begin, range.end - range.begin); }

  void execute_parts(std::string_view sql, std::span<const Range> parts, bool alone) {
    const bool counted = std::none_of(parts.begin(), parts.end(), [&](const Range& part) { return may_return_several_results(text_of(sql, part)); });
    std::size_t done = 0;
    try {
      refuse_too_long(parts[0].end - parts[0].begin);
      guarded([&] {
        // Up to the last statement's end: a trailing ';' or comment would be an empty statement.
        const auto batch = sql.substr(parts.front().begin, parts.back().end - parts.front().begin);
        if (counted) {  // a result for each statement, and nothing of ours behind them
          run(batch);
          while (++done < parts.size()) next();
        } else {
          const auto first = run(with_marker(batch));
          drain(batch, first, &done);
        }
        warn();
        return 0;
      });
    } catch (DatabaseError& error) {
      constexpr int empty_query = 1065;
      if (alone && error.native_code == empty_query) return;
      // One result for each statement that ran; a procedure's own results make the count useless.
      bool certain = true;
      for (std::size_t i = 0; i < std::min(done + 1, parts.size()); ++i) certain = certain && !may_return_several_results(text_of(sql, parts[i]));
      if (certain && done < parts.size()) error.position = static_cast<long long>(parts[done].begin);
      throw;
    }
  }

  /// The server would end the session over it.
  void refuse_too_long(std::size_t size) const {
    if (size < largest_) return;
    constexpr int too_large = 1153;
    throw DatabaseError(Cause::statement, fmt::format("the statement has {} bytes, and this server takes {} (max_allowed_packet)", size, largest_ + marker_size), "08S01", too_large,
                        "raise max_allowed_packet of the server, or divide the statement");
  }

  template <class F>
  auto guarded(F&& work) -> decltype(work()) {
    try {
      return work();
    } catch (const sql::SQLException& error) {
      reset();
      raise(error);
    }
  }

  [[noreturn]] void raise(const sql::SQLException& error) const {
    auto raised = database_error(error);
    // Where others may have taken over, this server is as good as lost: connecting again finds the one that takes writes.
    if (is_read_only(raised.native_code, error.what()) && url_.endpoints().size() > 1) raised.cause = Cause::connection;
    throw DatabaseError(raised);
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
      if (set) result = read_result(*set);
    } else {
      const auto affected = statement_->getUpdateCount();
      result.affected = affected == ~std::uint64_t{0} ? 0 : static_cast<long long>(affected);
    }
    return result;
  }

  static std::string with_marker(std::string_view sql) { return fmt::format("{}\n;SELECT '{}' AS migrate_end", sql, end_marker); }

  /// By its value alone: what stands between us and the server may call a column what it likes.
  static bool is_marker(const Result& result) { return result.rows.size() == 1 && result.rows[0].size() == 1 && result.rows[0][0] == end_marker; }

  /// Reads the results of a batch to their end. Behind it the library answers "no rows" for ever, without asking the server; and a
  /// statement gives one such answer at most. So there is an end even where the marker does not come through.
  void drain(std::string_view batch, const Result& first, std::size_t* done = nullptr) {
    auto without_rows = static_cast<std::size_t>(std::count(batch.begin(), batch.end(), ';')) + 2;
    if (is_marker(first)) return;
    for (bool rows = !first.columns.empty(); rows || without_rows-- > 0;) {
      if (done != nullptr) ++*done;
      const auto result = next();
      if (is_marker(result)) return;
      rows = !result.columns.empty();
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

  DatabaseUrl url_;
  Endpoint endpoint_;  ///< where the session is
  DriverConnection connection_;
  std::unique_ptr<sql::Statement> statement_;
  std::atomic<unsigned long long> running_{0};
  Quoting quoting_;      ///< as the session has it now
  Quoting usual_;        ///< as it began
  std::size_t largest_;  ///< bytes of a message
  bool mariadb_;
  long long round_trips_ = 0;
  std::function<void(const std::string&)> notice_;
};

}  // namespace
}  // namespace migrate::mysql

extern "C" __attribute__((visibility("default"))) const char* migrate_client_version() {
  static const std::string version = [] {
    auto* driver = ::get_driver_instance();
    return fmt::format("MySQL Connector/C++ {}.{}.{}", driver->getMajorVersion(), driver->getMinorVersion(), driver->getPatchVersion());
  }();
  return version.c_str();
}

extern "C" __attribute__((visibility("default"))) migrate::Connection* migrate_open_connection(const migrate::DatabaseUrl& url) {
  if (url.database.empty()) {
    throw migrate::Error{migrate::ErrorKind::usage, "cannot connect to " + url.display() + ": the URL names no database",
                         "add it at the end: " + url.scheme + "://user@host/DATABASE"};
  }
  return new migrate::mysql::MysqlConnection(url);
}

extern "C" __attribute__((visibility("default"))) migrate::RowsConnection* migrate_open_rows_connection(const migrate::DatabaseUrl& url) {
  return static_cast<migrate::RowsConnection*>(migrate_open_connection(url));
}
