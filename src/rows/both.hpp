/// Work on two databases at once, so that one server works while the other does.
#pragma once

#include <future>

namespace migrate {

/// Calls both, the second in a thread of its own, and throws what either threw when both have ended.
template <class F, class G>
void both(F&& here, G&& there) {
  auto other = std::async(std::launch::async, std::forward<G>(there));
  try {
    here();
  } catch (...) {
    other.wait();
    throw;
  }
  other.get();
}

}  // namespace migrate
