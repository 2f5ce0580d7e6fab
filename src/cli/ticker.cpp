#include "cli/ticker.hpp"

namespace migrate::cli {

Ticker::~Ticker() {
  {
    const std::scoped_lock lock(mutex_);
    ended_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Ticker::restart() {
  since_ = Clock::now();
  if (running_) return;
  running_ = true;
  if (thread_.joinable()) changed_.notify_all();
  else thread_ = std::thread([this] { watch(); });
}

bool Ticker::due() {
  if (since_ - shown_ < std::chrono::milliseconds(100)) return false;
  shown_ = since_;
  return true;
}

void Ticker::pause() { running_ = false; }

void Ticker::watch() {
  std::unique_lock lock(mutex_);
  while (!ended_) {
    if (!running_) {
      changed_.wait(lock, [&] { return running_ || ended_; });
      continue;
    }
    const auto begun = since_;
    const auto passed = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begun);
    if (passed.count() > 0) tick_(passed);
    changed_.wait_until(lock, begun + passed + std::chrono::seconds(1), [&] { return ended_; });
  }
}

}  // namespace migrate::cli
