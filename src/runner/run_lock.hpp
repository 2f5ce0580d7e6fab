#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "core/clock.hpp"
#include "runner/lease.hpp"
#include "runner/run.hpp"

namespace migrate {

/// The lock of a run: taken by polling with jitter, outside any transaction, so that a waiting runner is in nobody's way.
/// A session's lock where the server has it, else a lease.
class HeldLock {
 public:
  HeldLock(Session& session, const Versions& versions, const RunOptions& options)
      : session_(session), versions_(versions), options_(options), key_("migrate " + session.url().database + " " + options.versions_table) {}
  ~HeldLock() { release(); }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

  /// Throws Error (locked) naming the holder when it is not ours in time. A connection that is lost meanwhile is made again.
  void acquire(RunEvents& events);
  void release() noexcept;
  /// Holds on to it in the session of a unit too. Throws DatabaseError (connection) when it is lost.
  void follow(Connection& unit) {
    if (lock_ && lease_ == nullptr) lock_->follow(unit);
  }
  /// Forgets a lock whose session is gone.
  void abandon();
  /// Whether another run has it now; it had to be a lease for that.
  [[nodiscard]] bool lost() { return lease_ && lock_ && lease_->lost(); }

 private:
  void make();
  void wait(RunEvents& events, const Stopwatch& watch);
  bool try_acquire();

  Session& session_;
  const Versions& versions_;
  const RunOptions& options_;
  std::string key_;
  std::unique_ptr<RunLock> lock_;   ///< what is held
  Lease* lease_ = nullptr;          ///< the same, where it is a lease
  std::unique_ptr<Lease> others_;   ///< to look for leases of others
};

/// Connects again and does `then` (nothing when null), for as long as `options.reconnect` says: a server that restarts, or another one that
/// takes over. One that takes no writes is not there yet. Throws the last error.
void connect_again(Session& session, const RunOptions& options, const std::function<void()>& then = {});

/// Runs `work` until no other process's lock on the whole database is in its way. Throws Error (locked), saying `what` could not be
/// done, behind `lock_wait`; DatabaseError of any other cause as it comes.
void wait_for_database(const RunOptions& options, RunEvents& events, const std::string& what, const std::function<void()>& work);

/// Sleeps about `base` (half to one and a half of it); shorter when somebody asks to stop.
void sleep_with_jitter(std::chrono::milliseconds base);

}  // namespace migrate
