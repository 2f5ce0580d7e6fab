/// A connection that passes everything on to another one: those that add something to a call say only that.
#pragma once

#include <memory>
#include <utility>

#include "dialect/connection.hpp"

namespace migrate {

class PassingConnection : public Connection {
 public:
  explicit PassingConnection(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

  Result query(std::string_view sql) override { return connection_->query(sql); }
  Result query(std::string_view sql, std::span<const Value> values) override { return connection_->query(sql, values); }
  void execute(std::string_view sql) override { connection_->execute(sql); }
  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override { connection_->query_each(queries, take); }
  void cancel() noexcept override { connection_->cancel(); }
  [[nodiscard]] long long round_trips() const override { return connection_->round_trips(); }
  [[nodiscard]] std::optional<std::string> encryption() override { return connection_->encryption(); }
  [[nodiscard]] long long session_id() override { return connection_->session_id(); }
  void on_notice(std::function<void(const std::string&)> handler) override { connection_->on_notice(std::move(handler)); }

 protected:
  [[nodiscard]] Connection& passed_to() { return *connection_; }

 private:
  std::unique_ptr<Connection> connection_;
};

}  // namespace migrate
