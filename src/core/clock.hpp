#pragma once

#include <chrono>
#include <string>

namespace migrate {

/// The time now as "2026-11-21T10:00:00Z" (UTC). MIGRATE_NOW in the environment replaces it, for reproducible files.
[[nodiscard]] std::string now_utc();

/// Measures from its construction.
class Stopwatch {
 public:
  [[nodiscard]] std::chrono::milliseconds elapsed() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start_);
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

}  // namespace migrate
