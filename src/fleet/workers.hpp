/// Processes that do one job after the other, so that one that dies takes no other along, and drivers need not know threads.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace migrate::fleet {

class Workers {
 public:
  /// Does the job in a worker: what it writes to standard output comes out of wait() line by line. Returns the job's exit code.
  using Work = std::function<int(std::size_t job)>;

  /// Not more than `most` at a time. A worker is made from this process as it is then, when a job needs one.
  Workers(int most, Work work) : most_(most), work_(std::move(work)) {}
  /// Ends idle workers; those that work are asked to stop, and waited for.
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  [[nodiscard]] bool is_free() const { return busy() < static_cast<std::size_t>(most_); }
  [[nodiscard]] std::size_t busy() const;
  void start(std::size_t job);

  struct News {
    std::size_t job = 0;
    std::vector<std::string> lines;
    bool error = false;   ///< the lines are of standard error
    bool ended = false;
    int code = 0;         ///< when it ended: the job's own, or 128 and the signal that killed the worker
    bool died = false;    ///< the worker did
  };
  /// What happened, at once or within that time.
  [[nodiscard]] std::vector<News> wait(std::chrono::milliseconds most);

  /// Sends a signal to all workers.
  void signal(int number) noexcept;

 private:
  struct Worker {
    pid_t pid = -1;
    int jobs = -1;       ///< written to: the next job's number
    int output = -1;     ///< read from
    int errors = -1;
    bool works = false;
    std::size_t job = 0;
    std::string line;    ///< of output, not ended yet
    std::string error_line;
  };

  Worker make();
  [[noreturn]] void serve(int jobs) const;
  void read(Worker& worker, bool errors, std::vector<News>& news);
  void bury(Worker& worker, std::vector<News>& news);

  int most_;
  Work work_;
  std::vector<Worker> workers_;
};

}  // namespace migrate::fleet
