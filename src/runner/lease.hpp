/// The run's lock as a leased row, for servers and poolers without locks that live and die with a session.
///
/// The table `<versions_table>_lock` has two rows. The row "lease" says who runs: its holder lets `beat` grow, over a connection
/// of its own. Nobody compares clocks: who waits takes the lease over when the row has not changed for as long as it is
/// good for, by the waiting one's own watch; who holds it trusts it for half of that, then asks. Every holder has a greater `token` than the
/// one before, and the row "fence" holds the token that may write. Each transaction of a run writes to the fence and fails
/// when its token is another, so that a run which stood still, and was overtaken, changes nothing when it wakes up.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "runner/session.hpp"
#include "runner/versions.hpp"

namespace migrate {

class Lease final : public RunLock {
 public:
  using Clock = std::chrono::steady_clock;

  /// `lasts`: how long the lease is good without a sign of life. `key`: as for the session's lock, which runs that are not
  /// leased hold at the same time.
  Lease(Session& session, const Versions& versions, std::string key, std::chrono::milliseconds lasts);
  ~Lease() override;
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  bool try_acquire() override;
  void release() noexcept override;
  std::string holder() override;

  /// Throws DatabaseError when the lease is not, or may not be, ours any more. Asks the server when the last sign of life is too old.
  void check();
  /// Whether another run has it now, or nothing can be known.
  [[nodiscard]] bool lost();

  /// For a run that holds a session's lock: whether a leased run is alive. One that is dead is cleared away.
  [[nodiscard]] bool held_by_other();

 private:
  struct State {
    bool exists = false;  ///< the row
    long long token = 0;
    long long beat = 0;
    long long lasts_ms = 0;
    std::string holder;
    std::string since;
  };

  void make_table();
  [[nodiscard]] State read();
  /// Whether the lease is free, or nobody has renewed it for as long as it is good.
  [[nodiscard]] bool is_free(const State& state);
  bool take(const State& state, const std::string& holder);
  bool take_fence();
  void start_beating();
  void stop_beating() noexcept;
  void beat_until_stopped();
  /// A sign of life; false when the lease is another's. Throws DatabaseError when it cannot be known.
  bool renew();
  void put_back() noexcept;

  Session& session_;
  const Versions& versions_;
  std::string key_;
  std::chrono::milliseconds lasts_;
  std::string table_;  ///< as SQL

  State seen_;
  Clock::time_point seen_at_{};
  std::string other_;  ///< who holds a session's lock

  long long token_ = 0;
  bool taken_ = false;   ///< the row is ours
  bool fenced_ = false;  ///< the fence, too

  std::mutex beat_mutex_;  ///< of the connection, and of renewing
  std::unique_ptr<Connection> beat_connection_;
  std::atomic<Clock::rep> renewed_at_{0};  ///< when the last sign of life that arrived was sent
  std::atomic<bool> lost_{false};
  std::mutex stop_mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace migrate
