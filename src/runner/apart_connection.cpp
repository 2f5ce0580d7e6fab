#include "runner/apart_connection.hpp"

#include <algorithm>
#include <utility>

#include "dialect/sql.hpp"

namespace migrate {
namespace {

class ApartConnection final : public Connection {
 public:
  ApartConnection(std::unique_ptr<Connection> connection, const Dialect& dialect, SendsApart apart) : connection_(std::move(connection)), dialect_(dialect), apart_(std::move(apart)) {}

  Result query(std::string_view sql) override { return connection_->query(sql); }
  Result query(std::string_view sql, std::span<const Value> values) override { return connection_->query(sql, values); }
  void execute(std::string_view sql) override {
    if (!*apart_) return connection_->execute(sql);
    execute_apart(sql, dialect_, [&](const std::string& statement) { connection_->execute(statement); });
  }
  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override { connection_->query_each(queries, take); }
  void cancel() noexcept override { connection_->cancel(); }
  [[nodiscard]] long long round_trips() const override { return connection_->round_trips(); }
  [[nodiscard]] std::optional<std::string> encryption() override { return connection_->encryption(); }
  [[nodiscard]] long long session_id() override { return connection_->session_id(); }
  void on_notice(std::function<void(const std::string&)> handler) override { connection_->on_notice(std::move(handler)); }

 private:
  std::unique_ptr<Connection> connection_;
  const Dialect& dialect_;
  SendsApart apart_;
};

}  // namespace

void execute_apart(std::string_view sql, const Dialect& dialect, const std::function<void(const std::string& statement)>& execute) {
  std::size_t from = 0;
  for (const auto& statement : dialect.sql().split(sql, {})) {
    const auto found = sql.find(statement.text, from);
    if (found != std::string_view::npos) from = found;
    try {
      execute(statement.text);
    } catch (DatabaseError& error) {
      error.position = static_cast<long long>(from) + std::max(0LL, error.position);
      throw;
    }
    from += statement.text.size();
  }
}

std::unique_ptr<Connection> with_statements_apart(std::unique_ptr<Connection> connection, const Dialect& dialect, SendsApart apart) {
  return std::make_unique<ApartConnection>(std::move(connection), dialect, std::move(apart));
}

}  // namespace migrate
