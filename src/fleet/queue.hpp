/// Jobs that wait for their turn, so that no server gets more of them at a time than its share.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace migrate::fleet {

/// Takes and gives a job in a time that does not grow with how many wait. A job without a server ("") is nobody's share.
class Queue {
 public:
  /// `limit`: how many jobs a server takes at a time; asked again whenever one of its jobs has ended.
  explicit Queue(std::function<int(const std::string& server)> limit) : limit_(std::move(limit)) {}

  void add(std::size_t job, const std::string& server) {
    auto& line = line_of(job, server);
    line.jobs.push_back({next_++, job});
    ++size_;
    show(line);
  }

  /// The job that has waited longest among those whose server has room for it.
  [[nodiscard]] std::optional<std::size_t> take() {
    if (ready_.empty()) return std::nullopt;
    auto& line = *ready_.begin()->second;
    ready_.erase(ready_.begin());
    const auto job = line.jobs.front().second;
    line.jobs.pop_front();
    ++line.busy;
    --size_;
    show(line);
    return job;
  }

  /// A job that was taken has ended.
  void ended(std::size_t job) {
    auto& line = *lines_of_jobs_.at(job);
    --line.busy;
    show(line);
  }

  [[nodiscard]] bool empty() const { return size_ == 0; }

  /// All that wait, in their order.
  [[nodiscard]] std::vector<std::size_t> waiting() const {
    std::map<std::size_t, std::size_t> order;
    for (const auto& [server, line] : lines_) order.insert(line.jobs.begin(), line.jobs.end());
    std::vector<std::size_t> jobs;
    for (const auto& [turn, job] : order) jobs.push_back(job);
    return jobs;
  }

 private:
  struct Line {
    std::string server;
    std::deque<std::pair<std::size_t, std::size_t>> jobs;  ///< turn and job
    int busy = 0;
  };

  Line& line_of(std::size_t job, const std::string& server) {
    auto& line = lines_[server];
    line.server = server;
    lines_of_jobs_[job] = &line;
    return line;
  }

  /// Its first job can be taken when the server has room.
  void show(Line& line) {
    if (!line.jobs.empty() && (line.server.empty() || line.busy < limit_(line.server))) ready_.emplace(line.jobs.front().first, &line);
  }

  std::function<int(const std::string&)> limit_;
  std::map<std::string, Line> lines_;
  std::map<std::size_t, Line*> lines_of_jobs_;
  std::map<std::size_t, Line*> ready_;  ///< by the turn of a line's first job
  std::size_t next_ = 0;
  std::size_t size_ = 0;
};

}  // namespace migrate::fleet
