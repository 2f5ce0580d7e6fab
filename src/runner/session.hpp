/// A connection to the project's database with what is known about its server; it can be opened again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "dialect/catalog.hpp"
#include "dialect/connection.hpp"
#include "dialect/dialect.hpp"
#include "dialect/run.hpp"
#include "dialect/server.hpp"
#include "project/url.hpp"
#include "runner/crash_connection.hpp"
#include "runner/guarded_connection.hpp"

namespace migrate {

class Session {
 public:
  /// `schemas`: as in migrate.yaml; unqualified names mean the first.
  explicit Session(DatabaseUrl url, std::vector<std::string> schemas = {})
      : url_(std::move(url)), dialect_(&dialect_named(url_.dialect())), schemas_(std::move(schemas)) {
    reconnect();
  }

  [[nodiscard]] const DatabaseUrl& url() const { return url_; }
  [[nodiscard]] const Dialect& dialect() const { return *dialect_; }
  /// Throws DatabaseError (connection) when it was lost and could not be opened again.
  [[nodiscard]] Connection& connection() {
    if (!connection_) throw DatabaseError{DatabaseError::Cause::connection, "the connection to the server is lost", "08003"};
    return *connection_;
  }

  /// What the server is; asked once, when it is first needed.
  [[nodiscard]] const ServerInfo& server() {
    if (!server_) server_ = dialect_->catalog().probe(connection());
    return *server_;
  }

  /// Closes the connection and opens a new one.
  void reconnect() {
    connection_.reset();
    connection_ = with_guard(with_crash_point(dialect_->run().connect(url_), *dialect_), guard_);
    dialect_->run().enter_schemas(*connection_, schemas_);
  }

  /// Another connection to the same place, for another thread.
  [[nodiscard]] std::unique_ptr<Connection> another() const { return dialect_->run().connect(url_); }

  /// Begins a transaction of the run: with what every transaction has to start with (see set_up_transactions and fence).
  [[nodiscard]] std::string begin_sql() const {
    auto sql = std::string(dialect_->run().begin_sql());
    for (const auto& opening : {setup_, fence_}) {
      if (!opening.empty()) sql += ";\n" + opening;
    }
    return sql;
  }
  [[nodiscard]] bool fenced() const { return !fence_.empty(); }

  /// SQL that sets up each transaction, where there is no session to set up.
  void set_up_transactions(std::string sql) { setup_ = std::move(sql); }

  /// Lets nothing through that `check` throws for, and begins every transaction with `sql`, which fails when it must not run.
  void fence(std::function<void()> check, std::string sql) {
    *guard_ = std::move(check);
    fence_ = std::move(sql);
  }

 private:
  DatabaseUrl url_;
  const Dialect* dialect_;
  std::vector<std::string> schemas_;
  std::string setup_;
  std::string fence_;
  ConnectionGuard guard_ = std::make_shared<std::function<void()>>();
  std::unique_ptr<Connection> connection_;
  std::optional<ServerInfo> server_;
};

}  // namespace migrate
