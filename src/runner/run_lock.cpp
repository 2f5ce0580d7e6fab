#include "runner/run_lock.hpp"

#include <algorithm>
#include <random>
#include <thread>

#include "core/clock.hpp"
#include "dialect/run.hpp"
#include "runner/stop.hpp"

namespace migrate {

namespace {

std::string names_the_primary(const Session& session) {
  return "name the server that takes writes (the primary), or all of them: " + session.url().scheme + "://a,b/" + session.url().database;
}

}  // namespace

void sleep_with_jitter(std::chrono::milliseconds base) {
  static thread_local std::minstd_rand random(std::random_device{}());
  const auto half = static_cast<int>(std::max<long long>(1, base.count() / 2));
  const std::chrono::milliseconds time{half + static_cast<int>(random() % static_cast<unsigned>(2 * half))};
  const Stopwatch watch;
  while (watch.elapsed() < time && !stop_requested()) std::this_thread::sleep_for(std::min(time, std::chrono::milliseconds(20)));
}

void wait_for_database(const RunOptions& options, RunEvents& events, const std::string& what, const std::function<void()>& work) {
  const Stopwatch watch;
  bool told = false;
  while (true) {
    try {
      work();
      return;
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::lock_timeout) throw;
      if (watch.elapsed() >= options.lock_wait || stop_requested()) {
        throw Error{ErrorKind::locked, what + ": the database is locked by another process: " + error.message(),
                    "wait for it to end, or give it longer with --lock-timeout"};
      }
      if (!std::exchange(told, true)) events.waiting("another process writes to the database");
      sleep_with_jitter(std::chrono::milliseconds(50));
    }
  }
}

void HeldLock::make() {
  const auto& can = session_.server().capabilities;
  const auto lasts = std::max(options_.lease, std::chrono::milliseconds(500));
  const bool leased = !can.single_writer && (options_.lock_kind == LockKind::lease || (options_.lock_kind == LockKind::automatic && !can.session_lock));
  others_.reset();
  lease_ = nullptr;
  lock_ = leased ? nullptr : session_.dialect().run().make_lock(session_.connection(), session_.server(), key_);
  if (can.single_writer) return;
  auto lease = std::make_unique<Lease>(session_, versions_, key_, lasts);
  if (lock_) {
    others_ = std::move(lease);
  } else {  // also where a session's lock was asked for and the server has none that can be trusted
    lease_ = lease.get();
    lock_ = std::move(lease);
  }
}

bool HeldLock::try_acquire() {
  if (!lock_->try_acquire()) return false;
  if (!others_ || !others_->held_by_other()) return true;
  lock_->release();
  return false;
}

void HeldLock::acquire(RunEvents& events) {
  if (const auto& why = session_.server().takes_no_writes; !why.empty()) {
    throw Error{ErrorKind::failed, session_.url().display() + " takes no writes: " + why, names_the_primary(session_)};
  }
  const Stopwatch watch;
  for (int lost = 0;; ++lost) {
    try {
      return wait(events, watch);
    } catch (const DatabaseError& error) {
      if (error.cause != DatabaseError::Cause::connection || lost == 5 || stop_requested()) throw;
      events.notice("the connection was lost (" + error.message() + ") while waiting for the lock; connecting again");
      abandon();
      connect_again(session_, options_);
    }
  }
}

void connect_again(Session& session, const RunOptions& options, const std::function<void()>& then) {
  const Stopwatch watch;
  const auto& run = session.dialect().run();
  while (true) {
    try {
      session.reconnect();
      if (const auto why = run.takes_no_writes(session.connection()); !why.empty()) {
        throw DatabaseError{DatabaseError::Cause::connection, session.url().display() + " takes no writes: " + why, "08001", 0, "was another server made the primary? " + names_the_primary(session)};
      }
      if (then) then();
      return;
    } catch (const DatabaseError& error) {
      const bool not_there_yet = error.cause == DatabaseError::Cause::connection || run.is_read_only(error);
      if (!not_there_yet || watch.elapsed() > options.reconnect || stop_requested()) throw;
      sleep_with_jitter(std::chrono::milliseconds(300));
    }
  }
}

void HeldLock::wait(RunEvents& events, const Stopwatch& watch) {
  make();
  if (!lock_) return;
  const auto wait = options_.lock_wait;
  const auto holder = [&] {
    auto text = lock_->holder();
    return text.empty() && others_ ? others_->holder() : text;
  };
  std::chrono::milliseconds pause{20};
  bool told = false;
  while (!try_acquire()) {
    if (stop_requested()) throw Error{ErrorKind::locked, "stopped while waiting for the migration lock"};
    if (watch.elapsed() >= wait) {
      const auto by = holder();
      release();
      throw Error{ErrorKind::locked,
                  "another migration holds the lock" + (by.empty() ? std::string() : ": " + by) + "; waited " + std::to_string(wait.count() / 1000) + " s",
                  "wait for it to end, or give it longer with --lock-timeout"};
    }
    if (!told && watch.elapsed() > std::chrono::milliseconds(500)) {
      events.waiting(holder());
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
  lease_ = nullptr;
}

void HeldLock::abandon() {
  // A lease is not gone with the session: it is given back, to be taken again.
  if (lease_ != nullptr) lock_->release();
  lock_.reset();
  lease_ = nullptr;
}

}  // namespace migrate
