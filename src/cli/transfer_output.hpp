/// What copy and sync have in common on the command line.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>

#include "cli/context.hpp"
#include "cli/output.hpp"
#include "transfer/copy.hpp"

namespace migrate::cli {

/// Lines for people, a progress line on a terminal, events for programs.
class CopyPrinter : public CopyEvents {
 public:
  explicit CopyPrinter(const Output& output) : output_(output) {}

  void phase(const std::string& what) override;
  void rows_moved(const std::string& table, long long rows, long long bytes) override;
  void table_done(const TableReport& table) override;
  void note(const std::string& text) override;

 private:
  const Output& output_;
  std::map<std::string, std::pair<long long, long long>> moved_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point told_;
};

[[nodiscard]] CopyOptions copy_options(Context& context);
/// The masks of the project: they hold wherever there are some, unless --no-mask says otherwise.
void add_masks(Context& context, Target& source, CopyOptions& options);
void write_report(Context& context, const CopyReport& report);
/// What was changed, left out or rejected, and what differs.
void print_losses(const Output& output, const CopyReport& report);

}  // namespace migrate::cli
