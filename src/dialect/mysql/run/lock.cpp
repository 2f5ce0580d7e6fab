// GET_LOCK: a lock that lives and dies with the session. Names are the server's, not the database's, and 64 characters
// long at most.

#include "dialect/mysql/run/lock.hpp"

#include <fmt/format.h>

#include "core/sha256.hpp"
#include "dialect/mysql/sql/text.hpp"

namespace migrate::mysql {
namespace {

class SessionLock final : public RunLock {
 public:
  SessionLock(Connection& connection, const std::string& key) : connection_(connection), name_(quote_text("migrate:" + sha256(key).substr(0, 48))),
        following_(quote_text("migrate:" + sha256(key + " of a unit's session").substr(0, 48))) {}
  SessionLock(const SessionLock&) = delete;
  SessionLock& operator=(const SessionLock&) = delete;
  ~SessionLock() override { release(); }

  bool try_acquire() override {
    if (held_) return true;
    const auto result = connection_.query("SELECT GET_LOCK(" + name_ + ", 0), IS_FREE_LOCK(" + following_ + ")");
    held_ = !result.rows.empty() && result.rows[0].at(0) == "1";
    // The session of a unit may outlive the one that had the lock.
    if (held_ && result.rows[0].at(1) != "1") release();
    return held_;
  }

  void follow(Connection& other) override {
    static_cast<void>(connection_.query("SELECT 1"));
    const auto result = other.query("SELECT GET_LOCK(" + following_ + ", 0)");
    if (result.rows.empty() || result.rows[0].at(0) != "1") throw DatabaseError{DatabaseError::Cause::connection, "another run has the lock", "08003"};
  }

  void release() noexcept override {
    if (!held_) return;
    held_ = false;
    try {
      static_cast<void>(connection_.query("DO RELEASE_LOCK(" + name_ + ")"));
    } catch (...) {  // the session is gone, and the lock with it
    }
  }

  std::string holder() override {
    const auto result = connection_.query(fmt::format(
        R"(SELECT id, user, host, time, date_format(now() - INTERVAL time SECOND, '%H:%i:%s')
           FROM information_schema.processlist WHERE id = COALESCE(IS_USED_LOCK({}), IS_USED_LOCK({})))",
        name_, following_));
    if (result.rows.empty()) {
      const auto id = connection_.query("SELECT IS_USED_LOCK(" + name_ + ")");
      if (id.rows.empty() || !id.rows[0].at(0)) return {};
      return "connection " + *id.rows[0][0];
    }
    const auto& row = result.rows[0];
    auto host = row[2].value_or("");
    if (const auto colon = host.rfind(':'); colon != std::string::npos) host.resize(colon);
    return fmt::format("{}@{}, connection {}, in its present state since {}", row[1].value_or("?"), host, row[0].value_or("?"), row[4].value_or("?"));
  }

 private:
  Connection& connection_;
  std::string name_;
  std::string following_;
  bool held_ = false;
};

}  // namespace

std::unique_ptr<RunLock> make_session_lock(Connection& connection, const std::string& key) { return std::make_unique<SessionLock>(connection, key); }

}  // namespace migrate::mysql
