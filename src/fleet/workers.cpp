#include "fleet/workers.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "core/streams.hpp"
#include "migrate/error.hpp"

namespace migrate::fleet {
namespace {

constexpr char end_mark = '\x1e';  // in front of the exit code that ends a job's output; nobody else writes it

struct Pipe {
  std::array<int, 2> ends{-1, -1};
  Pipe() {
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error{ErrorKind::failed, std::string("cannot make a pipe: ") + std::strerror(errno), "raise the limit of open files (ulimit -n), or use fewer at a time (--parallel)"};
  }
};

void close_all(std::initializer_list<int> descriptors) {
  for (const int descriptor : descriptors) {
    if (descriptor >= 0) ::close(descriptor);
  }
}

}  // namespace

std::size_t Workers::busy() const {
  return static_cast<std::size_t>(std::count_if(workers_.begin(), workers_.end(), [](const Worker& worker) { return worker.works; }));
}

void Workers::serve(int jobs) const {
  std::string text;
  for (char c = 0; ::read(jobs, &c, 1) == 1;) {
    if (c != '\n') {
      text += c;
      continue;
    }
    const int code = work_(static_cast<std::size_t>(std::strtoull(text.c_str(), nullptr, 10)));
    standard_output().write(std::string(1, end_mark) + std::to_string(code) + "\n");
    text.clear();
  }
  ::_exit(0);
}

Workers::Worker Workers::make() {
  Pipe jobs;
  Pipe output;
  Pipe errors;
  // What a program has not written yet is its own to write, and nobody else's.
  std::fflush(nullptr);
  std::cout.flush();
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw Error{ErrorKind::failed, std::string("cannot start a worker: ") + std::strerror(errno), "use fewer at a time (--parallel)"};
  if (pid == 0) {
    // It ends between two statements when the runner is gone, however that went.
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    ::dup2(output.ends[1], STDOUT_FILENO);
    ::dup2(errors.ends[1], STDERR_FILENO);
    for (const auto& other : workers_) close_all({other.jobs, other.output, other.errors});
    close_all({jobs.ends[1], output.ends[0], errors.ends[0]});
    serve(jobs.ends[0]);
  }
  close_all({jobs.ends[0], output.ends[1], errors.ends[1]});
  return {.pid = pid, .jobs = jobs.ends[1], .output = output.ends[0], .errors = errors.ends[0]};
}

void Workers::start(std::size_t job) {
  auto worker = std::find_if(workers_.begin(), workers_.end(), [](const Worker& candidate) { return !candidate.works; });
  if (worker == workers_.end()) worker = workers_.insert(workers_.end(), make());
  worker->works = true;
  worker->job = job;
  const auto line = std::to_string(job) + "\n";
  static_cast<void>(write_all(worker->jobs, line));  // one that is dead is found by wait()
}

void Workers::read(Worker& worker, bool errors, std::vector<News>& news) {
  std::array<char, 16384> buffer;
  const auto got = ::read(errors ? worker.errors : worker.output, buffer.data(), buffer.size());
  if (got < 0 && errno == EINTR) return;
  if (got <= 0) {
    if (errors) close_all({std::exchange(worker.errors, -1)});
    else bury(worker, news);
    return;
  }
  auto& line = errors ? worker.error_line : worker.line;
  News said{.job = worker.job, .error = errors};
  for (const char c : std::string_view(buffer.data(), static_cast<std::size_t>(got))) {
    if (c != '\n') {
      line += c;
      continue;
    }
    if (!errors && line.starts_with(end_mark)) {
      said.ended = true;
      said.code = std::atoi(line.c_str() + 1);
      worker.works = false;
    } else {
      said.lines.push_back(line);
    }
    line.clear();
  }
  if (!said.lines.empty() || said.ended) news.push_back(std::move(said));
}

void Workers::bury(Worker& worker, std::vector<News>& news) {
  int status = 0;
  ::waitpid(worker.pid, &status, 0);
  close_all({worker.jobs, worker.output, worker.errors});
  if (worker.works) news.push_back({.job = worker.job, .ended = true, .code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status), .died = true});
  worker = {};
}

std::vector<Workers::News> Workers::wait(std::chrono::milliseconds most) {
  std::vector<pollfd> polled;
  std::vector<std::pair<std::size_t, bool>> whose;
  for (std::size_t i = 0; i < workers_.size(); ++i) {
    for (const bool errors : {true, false}) {
      const int descriptor = errors ? workers_[i].errors : workers_[i].output;
      if (descriptor < 0) continue;
      polled.push_back({descriptor, POLLIN, 0});
      whose.emplace_back(i, errors);
    }
  }
  std::vector<News> news;
  if (::poll(polled.data(), polled.size(), static_cast<int>(most.count())) > 0) {
    for (std::size_t i = 0; i < polled.size(); ++i) {
      auto& worker = workers_[whose[i].first];
      if (polled[i].revents != 0 && worker.pid >= 0) read(worker, whose[i].second, news);
    }
  }
  std::erase_if(workers_, [](const Worker& worker) { return worker.pid < 0; });
  return news;
}

void Workers::signal(int number) noexcept {
  for (const auto& worker : workers_) {
    if (worker.pid > 0) ::kill(worker.pid, number);
  }
}

Workers::~Workers() {
  for (auto& worker : workers_) {
    if (worker.works) ::kill(worker.pid, SIGTERM);
    close_all({worker.jobs});
    // Nobody reads any more: what it still writes must not keep it.
    close_all({worker.output, worker.errors});
  }
  for (auto& worker : workers_) ::waitpid(worker.pid, nullptr, 0);
}

}  // namespace migrate::fleet
