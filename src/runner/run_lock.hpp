#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "runner/run.hpp"

namespace migrate {

/// The lock of a run: taken by polling with jitter, outside any transaction, so that a waiting runner is in nobody's way.
class HeldLock {
 public:
  HeldLock(Session& session, std::string key) : session_(session), key_(std::move(key)) {}
  ~HeldLock() { release(); }
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

  /// Throws Error (locked) naming the holder when it is not ours in time.
  void acquire(std::chrono::milliseconds wait, RunEvents& events);
  void release() noexcept;
  /// Forgets a lock whose session is gone.
  void abandon() { lock_.reset(); }

 private:
  Session& session_;
  std::string key_;
  std::unique_ptr<RunLock> lock_;
};

/// Sleeps about `base` (half to one and a half of it); shorter when somebody asks to stop.
void sleep_with_jitter(std::chrono::milliseconds base);

}  // namespace migrate
