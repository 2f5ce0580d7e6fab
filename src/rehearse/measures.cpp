// What was measured, in words.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.hpp"
#include "rehearse/rehearse.hpp"

namespace migrate {
namespace {

std::string what(const MeasuredLock& lock) { return lock.table.empty() ? "the database" : lock.table; }

std::string_view who(Waits waits) {
  switch (waits) {
    case Waits::everybody: return "reads and changes";
    case Waits::writers: return "changes";
    case Waits::nobody: break;
  }
  return "nobody";
}

/// Whether another lock on the same table makes more wait, as long at least.
bool is_covered(const MeasuredLock& lock, const std::vector<MeasuredLock>& locks) {
  return std::any_of(locks.begin(), locks.end(), [&](const MeasuredLock& other) { return other.table == lock.table && other.waits > lock.waits && other.time >= lock.time; });
}

/// "25 s", "1200 ms"
std::string time_text(std::chrono::milliseconds time) {
  return time < std::chrono::seconds(10) ? fmt::format("{} ms", time.count()) : fmt::format("{:.0f} s", static_cast<double>(time.count()) / 1000);
}

}  // namespace

std::vector<std::string> describe_measures(const MeasuredStatement& statement) {
  std::vector<std::string> lines;
  if (statement.rows && *statement.rows > 0) lines.push_back(plural(static_cast<std::size_t>(*statement.rows), "row"));
  for (const auto& lock : statement.locks) {
    if (lock.waits != Waits::nobody && !is_covered(lock, statement.locks)) lines.push_back(fmt::format("{} of {} wait for {} ({})", who(lock.waits), what(lock), time_text(lock.time), lock.mode));
  }
  for (const auto& rewrite : statement.rewrites) {
    lines.push_back(rewrite.table + " is written anew" + (rewrite.bytes ? ": " + bytes_text(*rewrite.bytes) : ""));
  }
  return lines;
}

std::vector<std::string> over_budget(const MeasuredStatement& statement, const Budgets& budgets) {
  std::vector<std::string> over;
  if (budgets.statement && statement.time > *budgets.statement) {
    over.push_back(fmt::format("the statement takes {}; its budget is {}", time_text(statement.time), time_text(*budgets.statement)));
  }
  for (const auto& lock : statement.locks) {
    if (!budgets.lock || lock.waits == Waits::nobody || lock.time <= *budgets.lock || is_covered(lock, statement.locks)) continue;
    over.push_back(fmt::format("{} of {} wait for {} ({}); the budget of a lock is {}", who(lock.waits), what(lock), time_text(lock.time), lock.mode, time_text(*budgets.lock)));
  }
  for (const auto& rewrite : statement.rewrites) {
    if (!budgets.rewrite || !rewrite.bytes || *rewrite.bytes <= *budgets.rewrite) continue;
    over.push_back(fmt::format("{} is written anew, {}; the budget of a rewrite is {}", rewrite.table, bytes_text(*rewrite.bytes), bytes_text(*budgets.rewrite)));
  }
  return over;
}

}  // namespace migrate
