/// Looks at the locks of a database from a session of its own while statements run in another.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dialect/measure.hpp"
#include "rehearse/rehearse.hpp"

namespace migrate {

/// The time that a run takes: it stands still while something is measured.
class RunClock {
 public:
  using Duration = std::chrono::steady_clock::duration;

  [[nodiscard]] Duration now() const {
    const std::scoped_lock guard(mutex_);
    return (stopped_ ? *stopped_ : std::chrono::steady_clock::now()) - start_ - out_;
  }
  void stop() {
    const std::scoped_lock guard(mutex_);
    if (!stopped_) stopped_ = std::chrono::steady_clock::now();
  }
  void go_on() {
    const std::scoped_lock guard(mutex_);
    if (stopped_) out_ += std::chrono::steady_clock::now() - *stopped_;
    stopped_.reset();
  }

 private:
  mutable std::mutex mutex_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::optional<std::chrono::steady_clock::time_point> stopped_;
  Duration out_{0};
};

class LockWatch {
 public:
  using Connect = std::function<std::unique_ptr<Connection>()>;
  /// `connect` makes a session for the watch alone; with `each_time` one for each look, where another one is in the way of what is
  /// watched. Throws DatabaseError. Where locks cannot be seen, why_not() says why and nothing is looked at.
  LockWatch(const Dialect& dialect, Connect connect, bool each_time, const RunClock& clock);
  ~LockWatch();
  LockWatch(const LockWatch&) = delete;
  LockWatch& operator=(const LockWatch&) = delete;

  [[nodiscard]] const std::string& why_not() const { return why_not_; }

  /// Only locks on these tables count from now on; with their names for people.
  void know(std::map<QualifiedName, std::string> tables);
  /// A statement begins; `number`: what its locks are noted for; `text`: says which tables it may be about.
  void begin(std::size_t number, const std::string& text);
  /// Looks now; the statement has ended when `ended`.
  void look(bool ended);
  /// All transactions have ended.
  void settle();

  /// The locks of a statement, the longest first. Call it when all is over.
  [[nodiscard]] std::vector<MeasuredLock> locks_of(std::size_t number) const;

  /// What the server has written of its log so far, asked in the second session.
  [[nodiscard]] std::optional<long long> log_bytes();

 private:
  struct Held {
    std::size_t statement = 0;
    RunClock::Duration from{0};
  };
  void watch();
  void open();
  void close_session();
  [[nodiscard]] std::vector<SeenLock> see();
  void note(const std::vector<SeenLock>& seen, RunClock::Duration at);
  void close(const SeenLock& lock, const Held& held, RunClock::Duration at);

  const Dialect& dialect_;
  const RunClock& clock_;
  Connect connect_;
  bool each_time_;
  std::unique_ptr<Connection> second_;
  std::unique_ptr<LockProbe> probe_;
  std::string why_not_;
  std::mutex mutex_;  ///< of all below, and of the session
  std::condition_variable wake_;
  bool running_ = false;
  bool over_ = false;
  std::size_t statement_ = 0;
  RunClock::Duration last_{0};  ///< when it was looked last
  std::map<QualifiedName, std::string> known_;
  std::vector<QualifiedName> about_;
  std::map<SeenLock, Held> held_;
  std::map<std::size_t, std::vector<MeasuredLock>> locks_;
  std::thread thread_;
};

}  // namespace migrate
