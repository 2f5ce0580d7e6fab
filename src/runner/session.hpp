/// A connection to the project's database with what is known about its server; it can be opened again.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "dialect/dialect.hpp"
#include "project/url.hpp"
#include "runner/crash_connection.hpp"

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
    if (const auto sql = dialect_->use_schemas(schemas_); !sql.empty()) (void)connection_->query(sql);
  }

 private:
  DatabaseUrl url_;
  const Dialect* dialect_;
  std::vector<std::string> schemas_;
  std::unique_ptr<Connection> connection_;
  std::optional<ServerInfo> server_;
};

}  // namespace migrate
