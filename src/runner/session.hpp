/// A connection to the project's database with what is known about its server; it can be opened again.
#pragma once

#include <functional>
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
#include "runner/apart_connection.hpp"
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
  [[nodiscard]] Connection& connection() { return unit_ ? *unit_ : control(); }
  /// The run's own, also while a unit has one of its own (see UnitSession).
  [[nodiscard]] Connection& control() {
    if (!connection_ && std::exchange(closed_for_unit_, false)) connection_ = open();
    if (!connection_) throw DatabaseError{DatabaseError::Cause::connection, "the connection to the server is lost", "08003"};
    return *connection_;
  }

  /// Whether units can have sessions of their own.
  [[nodiscard]] bool can_separate() { return !server().capabilities.pooled && dialect_->run().can_reconnect(url_); }
  [[nodiscard]] bool separate() const { return unit_ != nullptr; }
  /// What gives a session of a unit's back to us for a record; "" in our own.
  [[nodiscard]] const std::string& own_settings() const { return own_settings_; }
  /// Records as one transaction, in whatever state a unit has left its session.
  [[nodiscard]] std::string in_transaction(const std::vector<std::string>& records) const {
    std::string sql;
    for (const auto& record : records) sql += record + "\n;\n";
    if (records.size() < 2 && !fenced() && own_settings_.empty()) return sql;
    return begin_sql() + ";\n" + own_settings_ + sql + "COMMIT;\n";
  }
  /// What is done in every session of a unit when it is new.
  void set_up_units(std::function<void()> set_up) { set_up_unit_ = std::move(set_up); }

  /// What the server is; asked once, when it is first needed.
  [[nodiscard]] const ServerInfo& server() {
    if (!server_) {
      server_ = dialect_->catalog().probe(connection());
      apart_->on = server_->capabilities.statement_a_message;
    }
    return *server_;
  }

  /// Closes the connection and opens a new one.
  void reconnect() {
    leave_unit();
    closed_for_unit_ = false;
    connection_.reset();
    connection_ = open();
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

  /// From now on `run` carries out each statement of execute(), instead of sending it alone; null: as usual again.
  void carry_out_by(std::function<void(Connection& connection, const std::string& statement)> run) { apart_->run = std::move(run); }

  /// SQL that sets up each transaction, where there is no session to set up.
  void set_up_transactions(std::string sql) { setup_ = std::move(sql); }

  /// Lets nothing through that `check` throws for, and begins every transaction with `sql`, which fails when it must not run.
  void fence(std::function<void()> check, std::string sql) {
    *guard_ = std::move(check);
    fence_ = std::move(sql);
  }

 private:
  friend class UnitSession;

  [[nodiscard]] std::unique_ptr<Connection> open() const {
    auto connection = with_guard(with_crash_point(with_statements_apart(dialect_->run().connect(url_), *dialect_, apart_), *dialect_), guard_);
    dialect_->run().enter_schemas(*connection, schemas_);
    return connection;
  }

  void enter_unit() {
    // Where a connection locks the whole database, a second one is in the first one's way (PRAGMA journal_mode, locking_mode).
    if (server().capabilities.single_writer) {
      closed_for_unit_ = true;
      connection_.reset();
    }
    unit_ = open();
    if (set_up_unit_) set_up_unit_();
    own_settings_ = dialect_->run().own_settings(*unit_);
  }
  void leave_unit() noexcept {
    unit_.reset();
    own_settings_.clear();
  }

  DatabaseUrl url_;
  const Dialect* dialect_;
  std::vector<std::string> schemas_;
  std::string setup_;
  std::string fence_;
  SendsApart apart_ = std::make_shared<Apart>();
  ConnectionGuard guard_ = std::make_shared<std::function<void()>>();
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Connection> unit_;
  bool closed_for_unit_ = false;
  std::string own_settings_;
  std::function<void()> set_up_unit_;
  std::optional<ServerInfo> server_;
};

/// While it lives, what is run is run in a new session, which ends with it.
class UnitSession {
 public:
  explicit UnitSession(Session& session) : session_(session) {
    try {
      session_.enter_unit();
    } catch (...) {
      session_.leave_unit();
      throw;
    }
  }
  ~UnitSession() { session_.leave_unit(); }
  UnitSession(const UnitSession&) = delete;
  UnitSession& operator=(const UnitSession&) = delete;

 private:
  Session& session_;
};

}  // namespace migrate
