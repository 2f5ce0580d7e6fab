/// A connection to the project's database with what is known about its server; it can be opened again.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "dialect/dialect.hpp"
#include "project/url.hpp"
#include "runner/crash_connection.hpp"

namespace migrate {

class Session {
 public:
  explicit Session(DatabaseUrl url) : url_(std::move(url)), dialect_(&dialect_named(url_.dialect())) { reconnect(); }

  [[nodiscard]] const DatabaseUrl& url() const { return url_; }
  [[nodiscard]] const Dialect& dialect() const { return *dialect_; }
  [[nodiscard]] Connection& connection() { return *connection_; }

  /// What the server is; asked once, when it is first needed.
  [[nodiscard]] const ServerInfo& server() {
    if (!server_) server_ = dialect_->probe(*connection_);
    return *server_;
  }

  /// Closes the connection and opens a new one.
  void reconnect() {
    connection_.reset();
    connection_ = with_crash_point(dialect_->connect(url_), *dialect_);
  }

 private:
  DatabaseUrl url_;
  const Dialect* dialect_;
  std::unique_ptr<Connection> connection_;
  std::optional<ServerInfo> server_;
};

}  // namespace migrate
