#include "runner/guarded_connection.hpp"

#include <utility>

namespace migrate {
namespace {

class GuardedConnection final : public Connection {
 public:
  GuardedConnection(std::unique_ptr<Connection> connection, ConnectionGuard guard) : connection_(std::move(connection)), guard_(std::move(guard)) {}

  Result query(std::string_view sql) override { return ask(), connection_->query(sql); }
  Result query(std::string_view sql, std::span<const Value> values) override { return ask(), connection_->query(sql, values); }
  void execute(std::string_view sql) override { ask(), connection_->execute(sql); }
  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    ask();
    connection_->query_each(queries, take);
  }
  void cancel() noexcept override { connection_->cancel(); }
  [[nodiscard]] long long round_trips() const override { return connection_->round_trips(); }
  [[nodiscard]] std::optional<std::string> encryption() override { return connection_->encryption(); }
  [[nodiscard]] long long session_id() override { return connection_->session_id(); }
  void on_notice(std::function<void(const std::string&)> handler) override { connection_->on_notice(std::move(handler)); }

 private:
  void ask() const {
    if (*guard_) (*guard_)();
  }

  std::unique_ptr<Connection> connection_;
  ConnectionGuard guard_;
};

}  // namespace

std::unique_ptr<Connection> with_guard(std::unique_ptr<Connection> connection, ConnectionGuard guard) {
  return std::make_unique<GuardedConnection>(std::move(connection), std::move(guard));
}

}  // namespace migrate
