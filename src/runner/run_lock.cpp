#include "runner/run_lock.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "core/clock.hpp"
#include "runner/stop.hpp"

namespace migrate {

void sleep_with_jitter(std::chrono::milliseconds base) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const auto half = static_cast<int>(std::max<long long>(1, base.count() / 2));
  const std::chrono::milliseconds time{half + static_cast<int>(random() % static_cast<unsigned>(2 * half))};
  const Stopwatch watch;
  while (watch.elapsed() < time && !stop_requested()) std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(20)));
}

void HeldLock::acquire(std::chrono::milliseconds wait, RunEvents& events) {
  lock_ = session_.dialect().make_lock(session_.connection(), session_.server(), key_);
  if (!lock_) return;
  const Stopwatch watch;
  std::chrono::milliseconds pause{20};
  bool told = false;
  while (!lock_->try_acquire()) {
    if (stop_requested()) throw Error{ErrorKind::locked, "stopped while waiting for the migration lock"};
    if (watch.elapsed() >= wait) {
      const auto holder = lock_->holder();
      lock_.reset();
      throw Error{ErrorKind::locked,
                  "another migration holds the lock" + (holder.empty() ? std::string() : ": " + holder) + "; waited " +
                      std::to_string(wait.count() / 1000) + " s",
                  "wait for it to end, or give it longer with --lock-timeout"};
    }
    if (!told && watch.elapsed() > std::chrono::milliseconds(500)) {
      events.waiting(lock_->holder());
      told = true;
    }
    sleep_with_jitter(pause);
    pause = std::min(pause * 3 / 2, std::chrono::milliseconds(250));
  }
}

void HeldLock::release() noexcept {
  if (!lock_) return;
  lock_->release();
  lock_.reset();
}

}  // namespace migrate
