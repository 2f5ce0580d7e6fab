#include "runner/stop.hpp"

#include <csignal>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <mutex>
#include <thread>

namespace migrate {
namespace {

// The signal flag is the one global state that the design allows.
std::atomic<int> signals{0};
std::atomic<bool> interrupted{false};
std::array<int, 2> signal_pipe{-1, -1};
std::mutex target_mutex;
Connection* target = nullptr;
bool target_at_once = false;

void on_signal(int number) {
  const int count = ++signals;
  if (count == 1) interrupted = number == SIGINT;
  const char byte = static_cast<char>(count);
  [[maybe_unused]] const auto written = ::write(signal_pipe[1], &byte, 1);
}

void watch() {
  char byte = 0;
  while (::read(signal_pipe[0], &byte, 1) > 0 || errno == EINTR) {
    const std::scoped_lock lock(target_mutex);
    if (target != nullptr && (target_at_once || signals.load() > 1)) target->cancel();
  }
}

}  // namespace

void install_stop_handlers() {
  if (signal_pipe[0] >= 0 || ::pipe2(signal_pipe.data(), O_CLOEXEC) != 0) return;
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // Under nohup a hang-up is meant to be passed over.
  struct sigaction hang_up {};
  if (sigaction(SIGHUP, nullptr, &hang_up) == 0 && hang_up.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  std::thread(watch).detach();
}

bool stop_requested() { return signals.load() > 0; }
bool stop_by_interrupt() { return interrupted.load(); }

Cancellable::Cancellable(Connection& connection, bool at_once) {
  const std::scoped_lock lock(target_mutex);
  target = &connection;
  target_at_once = at_once;
}

Cancellable::~Cancellable() {
  const std::scoped_lock lock(target_mutex);
  target = nullptr;
}

}  // namespace migrate
