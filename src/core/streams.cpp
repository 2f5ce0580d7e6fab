#include "core/streams.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace migrate {

int write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const auto put = ::write(descriptor, content.data(), content.size());
    if (put >= 0) {
      content.remove_prefix(static_cast<std::size_t>(put));
    } else if (errno == EAGAIN) {
      // Somebody made the pipe or terminal that we share with them non-blocking.
      pollfd wait{.fd = descriptor, .events = POLLOUT, .revents = 0};
      if (::poll(&wait, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

void StandardStream::write(std::string_view content) {
  // What a C++ unit printed by itself stands in front of what is said now.
  const bool flushed = std::fflush(descriptor_ == STDERR_FILENO ? stderr : stdout) == 0;
  if (!flushed && errno != EPIPE && error_ == 0) error_ = errno;
  if (ended_ || error_ != 0) return;
  const int error = write_all(descriptor_, content);
  if (error == EPIPE) ended_ = true;
  else error_ = error;
}

void StandardStream::close() {
  write({});
  // A copy is closed: the number stays taken.
  const int copy = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, 3);
  if (copy >= 0 && ::close(copy) != 0 && errno != EINTR && error_ == 0) error_ = errno;
}

StandardStream& standard_output() {
  static StandardStream stream(STDOUT_FILENO);
  return stream;
}

StandardStream& standard_error() {
  static StandardStream stream(STDERR_FILENO);
  return stream;
}

StandardStream* standard_stream(int descriptor) {
  return descriptor == STDOUT_FILENO ? &standard_output() : descriptor == STDERR_FILENO ? &standard_error() : nullptr;
}

void prepare_streams() {
  for (const int number : {SIGPIPE, SIGXFSZ}) {
    // A handler and not SIG_IGN, which the programs that we start (a compiler, an editor) would inherit.
    struct sigaction action {};
    action.sa_handler = [](int) {};
    action.sa_flags = SA_RESTART;
    ::sigaction(number, &action, nullptr);
  }
  // Open for reading only: what is written to a stream that was closed fails, as it would have.
  for (int number = STDIN_FILENO; number <= STDERR_FILENO; ++number) {
    if (::fcntl(number, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", O_RDONLY);
  }
}

}  // namespace migrate
