#include "runner/apart_connection.hpp"

#include <algorithm>
#include <utility>

#include "dialect/sql.hpp"
#include "runner/passing_connection.hpp"

namespace migrate {
namespace {

class ApartConnection final : public PassingConnection {
 public:
  ApartConnection(std::unique_ptr<Connection> connection, const Dialect& dialect, SendsApart apart) : PassingConnection(std::move(connection)), dialect_(dialect), apart_(std::move(apart)) {}

  void execute(std::string_view sql) override {
    if (!apart_->on && !apart_->run) return passed_to().execute(sql);
    execute_apart(sql, dialect_, [&](const std::string& statement) {
      if (apart_->run) apart_->run(passed_to(), statement);
      else passed_to().execute(statement);
    });
  }

 private:
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
