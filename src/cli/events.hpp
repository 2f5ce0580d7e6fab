/// Tells a run's events: lines for people, a progress line on a terminal, one JSON object a line for programs.
#pragma once

#include "cli/output.hpp"
#include "cli/ticker.hpp"
#include "runner/run.hpp"

namespace migrate::cli {

class EventPrinter : public RunEvents {
 public:
  explicit EventPrinter(const Output& output);

  void plan(const std::vector<Step>& steps) override;
  void waiting(const std::string& holder) override;
  void step_started(const Step& step, int resumed_at) override;
  void statement_done(const Step& step, int index) override;
  void progress(const Step& step, const std::string& text) override;
  void retry(const Step& step, int attempt, const std::string& reason, const std::vector<std::string>& blockers) override;
  void step_done(const Step& step, std::chrono::milliseconds time) override;
  void notice(const std::string& text) override;

 private:
  [[nodiscard]] std::string progress_line() const;
  void still_running(std::chrono::seconds time) const;

  const Output& output_;
  std::size_t total_ = 0;
  std::size_t number_ = 0;
  // What runs, for the ticker.
  std::string title_;
  std::string revision_;
  std::string detail_;  ///< what it says of its own progress
  Direction direction_ = Direction::upgrade;
  std::size_t statements_ = 0;
  std::size_t done_ = 0;
  std::chrono::seconds every_{30};  ///< between two lines of one statement, where no terminal shows the time
  mutable Ticker ticker_;
};

}  // namespace migrate::cli
