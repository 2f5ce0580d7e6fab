#include "runner/crash_connection.hpp"

#include <algorithm>
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "runner/apart_connection.hpp"
#include "runner/passing_connection.hpp"

namespace migrate {
namespace {

/// Of all connections of the process.
std::atomic<long long> crash_moments{0};

void print_moments() { std::fprintf(stderr, "crash points: %lld\n", crash_moments.load()); }

class CrashConnection final : public PassingConnection {
 public:
  CrashConnection(std::unique_ptr<Connection> connection, const Dialect& dialect, long long at)
      : PassingConnection(std::move(connection)), dialect_(dialect), at_(at) {}
  Result query(std::string_view sql) override {
    return around([&] { return passed_to().query(sql); });
  }
  Result query(std::string_view sql, std::span<const Value> values) override {
    return around([&] { return passed_to().query(sql, values); });
  }
  void query_each(std::span<const std::string> queries, const std::function<void(std::size_t, Result)>& take) override {
    around([&] { return passed_to().query_each(queries, take), 0; });
  }
  void execute(std::string_view sql) override {
    execute_apart(sql, dialect_, [&](const std::string& statement) { around([&] { return passed_to().execute(statement), 0; }); });
  }

 private:
  void moment() {
    if (++crash_moments == at_) std::raise(SIGKILL);
  }

  template <class F>
  auto around(F&& work) -> decltype(work()) {
    moment();
    auto result = work();
    moment();
    return result;
  }

  const Dialect& dialect_;
  long long at_;
};

}  // namespace

std::unique_ptr<Connection> with_crash_point(std::unique_ptr<Connection> connection, const Dialect& dialect) {
  const char* at = std::getenv("MIGRATE_TEST_CRASH_AT");
  if (at == nullptr || *at == '\0') return connection;
  static const bool counting = std::atoll(at) == 0 && std::atexit(print_moments) == 0;
  static_cast<void>(counting);
  return std::make_unique<CrashConnection>(std::move(connection), dialect, std::atoll(at));
}

}  // namespace migrate
