/// Looks once a second at work that takes long, from a thread of its own.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace migrate::cli {

/// The owner's state is looked at by the thread too: both hold the mutex while they do.
class Ticker {
 public:
  /// `tick` gets the full seconds since restart(); it is called with the mutex held.
  explicit Ticker(std::function<void(std::chrono::seconds)> tick) : tick_(std::move(tick)) {}
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  [[nodiscard]] std::mutex& mutex() { return mutex_; }

  // With the mutex held.
  void restart();  ///< the clock stands at zero; the thread is made with the first call
  void pause();
  /// Whether what is shown may be shown anew: at most ten times a second, as of restart().
  [[nodiscard]] bool due();

 private:
  using Clock = std::chrono::steady_clock;
  void watch();

  std::function<void(std::chrono::seconds)> tick_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Clock::time_point since_;
  Clock::time_point shown_;
  bool running_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace migrate::cli
