#include "dialect/postgresql/run/lock.hpp"

#include <string>

#include "core/sha256.hpp"

namespace migrate::postgresql {
namespace {

/// The key as the server's 64-bit number.
long long lock_number(const std::string& key) {
  return static_cast<long long>(std::stoull(sha256("migrate:" + key).substr(0, 16), nullptr, 16));
}

class AdvisoryLock : public RunLock {
 public:
  AdvisoryLock(Connection& connection, const std::string& key) : connection_(connection), number_(lock_number(key)) {}
  ~AdvisoryLock() override { release(); }
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;

  bool try_acquire() override {
    if (held_) return true;
    const auto result = connection_.query("select pg_try_advisory_lock(" + std::to_string(number_) + ")");
    held_ = result.rows.at(0).at(0) == "t";
    return held_;
  }

  void release() noexcept override {
    if (!held_) return;
    held_ = false;
    try {
      connection_.query("select pg_advisory_unlock(" + std::to_string(number_) + ")");
    } catch (...) {  // the session is gone, and the lock with it
    }
  }

  std::string holder() override {
    const auto bits = static_cast<unsigned long long>(number_);
    const auto result = connection_.query(R"(
      select coalesce(a.usename, '?') || '@' || coalesce(nullif(a.client_hostname, ''), host(a.client_addr), 'local') ||
             ', process ' || l.pid || coalesce(', ' || nullif(a.application_name, ''), '') ||
             coalesce(', since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), '')
        from pg_catalog.pg_locks l
        left join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory'
         and l.granted
         and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
         and l.classid = )" + std::to_string(bits >> 32U) + " and l.objid = " + std::to_string(bits & 0xFFFFFFFFU) +
                                        " and l.objsubid = 1");
    return result.rows.empty() ? std::string{} : result.rows[0][0].value_or("");
  }

 private:
  Connection& connection_;
  long long number_;
  bool held_ = false;
};

}  // namespace

std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key) { return std::make_unique<AdvisoryLock>(connection, key); }

}  // namespace migrate::postgresql
