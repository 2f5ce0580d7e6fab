#include "runner/guarded_connection.hpp"

#include <utility>

#include "runner/passing_connection.hpp"

namespace migrate {
namespace {

class GuardedConnection final : public PassingConnection {
 public:
  GuardedConnection(std::unique_ptr<Connection> connection, ConnectionGuard guard) : PassingConnection(std::move(connection)), guard_(std::move(guard)) {}

  Result query(std::string_view sql) override { return ask(), passed_to().query(sql); }
  Result query(std::string_view sql, std::span<const Value> values) override { return ask(), passed_to().query(sql, values); }
  void execute(std::string_view sql) override { ask(), passed_to().execute(sql); }
  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    ask();
    passed_to().query_each(queries, take);
  }

 private:
  void ask() const {
    if (*guard_) (*guard_)();
  }

  ConnectionGuard guard_;
};

}  // namespace

std::unique_ptr<Connection> with_guard(std::unique_ptr<Connection> connection, ConnectionGuard guard) {
  return std::make_unique<GuardedConnection>(std::move(connection), std::move(guard));
}

}  // namespace migrate
