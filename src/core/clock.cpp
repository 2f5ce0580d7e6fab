#include "core/clock.hpp"

#include <array>
#include <cstdlib>
#include <ctime>

namespace migrate {

std::string now_utc() {
  if (const char* fixed = std::getenv("MIGRATE_NOW"); fixed != nullptr && *fixed != '\0') return fixed;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
  return text.data();
}

}  // namespace migrate
