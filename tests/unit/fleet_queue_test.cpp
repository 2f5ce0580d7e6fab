#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "fleet/queue.hpp"

namespace fleet_queue_test {

using migrate::fleet::Queue;

TEST_CASE("fleet: jobs come in their order, and a server takes no more than its share") {
  std::map<std::string, int> limits{{"a", 1}};
  Queue queue([&](const std::string& server) { return limits.contains(server) ? limits.at(server) : 1; });
  queue.add(0, "a");
  queue.add(1, "a");
  queue.add(2, "b");
  queue.add(3, "");
  queue.add(4, "");
  CHECK(queue.take() == 0);
  CHECK(queue.take() == 2);  // a is full
  CHECK(queue.take() == 3);
  CHECK(queue.take() == 4);  // a file is no server's share
  CHECK_FALSE(queue.take());
  CHECK(queue.waiting() == std::vector<std::size_t>{1});
  limits["a"] = 2;  // the server has said how many it takes
  queue.add(5, "a");
  queue.ended(0);
  CHECK(queue.take() == 1);
  CHECK(queue.take() == 5);
  CHECK(queue.empty());
  queue.ended(1);
  queue.add(1, "a");  // its worker died: behind the others, once more
  CHECK(queue.take() == 1);
  CHECK_FALSE(queue.take());
}

TEST_CASE("fleet: a queue's work grows with its jobs, not with their square") {
  constexpr std::size_t jobs = 20000;
  std::size_t asked = 0;
  Queue queue([&](const std::string&) { return ++asked, 8; });
  for (std::size_t i = 0; i < jobs; ++i) queue.add(i, "server " + std::to_string(i % 3));
  std::vector<std::size_t> running;
  std::size_t taken = 0;
  while (!queue.empty() || !running.empty()) {
    while (const auto job = queue.take()) {
      running.push_back(*job);
      ++taken;
    }
    REQUIRE(running.size() <= 24);
    queue.ended(running.front());
    running.erase(running.begin());
  }
  CHECK(taken == jobs);
  CHECK(asked <= 4 * jobs);
}

}  // namespace fleet_queue_test
