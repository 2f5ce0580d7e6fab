#include "dialect/postgresql/run/lock.hpp"

#include <string>

#include "core/sha256.hpp"

namespace migrate::postgresql {
namespace {

/// The key as the server's 64-bit number.
long long lock_number(const std::string& key) {
  return static_cast<long long>(std::stoull(sha256("migrate:" + key).substr(0, 16), nullptr, 16));
}

std::string number_parts(long long number) {
  const auto bits = static_cast<unsigned long long>(number);
  return "(" + std::to_string(bits >> 32U) + ", " + std::to_string(bits & 0xFFFFFFFFU) + ")";
}

class AdvisoryLock : public RunLock {
 public:
  AdvisoryLock(Connection& connection, const std::string& key)
      : connection_(connection), number_(lock_number(key)), following_(lock_number(key + " of a unit's session")) {}
  ~AdvisoryLock() override { release(); }
  AdvisoryLock(const AdvisoryLock&) = delete;
  AdvisoryLock& operator=(const AdvisoryLock&) = delete;

  bool try_acquire() override {
    if (held_) return true;
    // The session of a unit may outlive the one that had the lock.
    const auto mine = std::to_string(number_);
    const auto theirs = std::to_string(following_);
    const auto result = connection_.query("select case when not pg_catalog.pg_try_advisory_lock(" + mine + ") then false when pg_catalog.pg_try_advisory_lock(" + theirs +
                                          ") then pg_catalog.pg_advisory_unlock(" + theirs + ") else not pg_catalog.pg_advisory_unlock(" + mine + ") end");
    held_ = result.rows.at(0).at(0) == "t";
    return held_;
  }

  void follow(Connection& other) override {
    static_cast<void>(connection_.query("select 1"));
    const auto result = other.query("select pg_catalog.pg_try_advisory_lock(" + std::to_string(following_) + ")");
    if (result.rows.at(0).at(0) != "t") throw DatabaseError{DatabaseError::Cause::connection, "another run has the lock", "08003"};
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
    const auto result = connection_.query(R"(
      select coalesce(a.usename, '?') || '@' || coalesce(nullif(a.client_hostname, ''), host(a.client_addr), 'local') ||
             ', process ' || l.pid || coalesce(', ' || nullif(a.application_name, ''), '') ||
             coalesce(', since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS'), '')
        from pg_catalog.pg_locks l
        left join pg_catalog.pg_stat_activity a on a.pid = l.pid
       where l.locktype = 'advisory'
         and l.granted
         and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
         and l.objsubid = 1
         and (l.classid, l.objid) in ()" + number_parts(number_) + ", " + number_parts(following_) + ")");
    return result.rows.empty() ? std::string{} : result.rows[0][0].value_or("");
  }

 private:
  Connection& connection_;
  long long number_;
  long long following_;
  bool held_ = false;
};

}  // namespace

std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key) { return std::make_unique<AdvisoryLock>(connection, key); }

}  // namespace migrate::postgresql
