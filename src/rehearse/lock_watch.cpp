#include "rehearse/lock_watch.hpp"

#include <algorithm>
#include <set>

#include "core/text.hpp"
#include "dialect/dialect.hpp"

namespace migrate {
namespace {

/// Between two looks; one that takes long is made less often, so that it takes no more than a fifth of a processor.
constexpr std::chrono::milliseconds interval{5};
constexpr int share = 5;

std::chrono::milliseconds in_ms(RunClock::Duration time) { return std::chrono::duration_cast<std::chrono::milliseconds>(time); }

}  // namespace

LockWatch::LockWatch(const Dialect& dialect, Connect connect, bool each_time, const RunClock& clock)
    : dialect_(dialect), clock_(clock), connect_(std::move(connect)), each_time_(each_time) {
  open();
  const bool sees = probe_ != nullptr;
  close_session();
  if (sees) thread_ = std::thread([this] { watch(); });
}

void LockWatch::open() {
  if (second_) return;
  second_ = connect_();
  probe_ = dialect_.measure().lock_probe(*second_, why_not_);
}

void LockWatch::close_session() {
  if (!each_time_) return;
  probe_.reset();
  second_.reset();
}

std::vector<SeenLock> LockWatch::see() {
  open();
  auto seen = probe_->look(about_);
  close_session();
  return seen;
}

LockWatch::~LockWatch() {
  {
    const std::scoped_lock guard(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void LockWatch::watch() {
  std::unique_lock guard(mutex_);
  auto pause = std::chrono::steady_clock::duration(interval);
  while (!over_) {
    if (!running_) {
      wake_.wait(guard, [&] { return running_ || over_; });
      pause = interval;
    }
    // A statement that is over before the first look is looked at behind it.
    if (wake_.wait_for(guard, pause, [&] { return over_ || !running_; })) continue;
    const auto begun = std::chrono::steady_clock::now();
    try {
      const auto seen = see();
      note(seen, clock_.now());
    } catch (const Error& error) {
      why_not_ = error.message();
      return;
    }
    pause = std::max(std::chrono::steady_clock::duration(interval), share * (std::chrono::steady_clock::now() - begun));
  }
}

void LockWatch::know(std::map<QualifiedName, std::string> tables) {
  const std::scoped_lock guard(mutex_);
  known_ = std::move(tables);
}

void LockWatch::begin(std::size_t number, const std::string& text) {
  {
    const std::scoped_lock guard(mutex_);
    statement_ = number;
    about_.clear();
    const auto words = lower(text);
    for (const auto& [table, shown] : known_) {
      if (words.find(lower(table.name)) != std::string::npos) about_.push_back(table);
    }
    last_ = clock_.now();
    running_ = true;
  }
  wake_.notify_all();
}

void LockWatch::look(bool ended) {
  const std::scoped_lock guard(mutex_);
  if (ended) running_ = false;
  if (!why_not_.empty()) return;
  try {
    const auto seen = see();
    note(seen, clock_.now());
  } catch (const Error& error) {
    why_not_ = error.message();
  }
}

void LockWatch::settle() {
  const std::scoped_lock guard(mutex_);
  running_ = false;
  note({}, clock_.now());
}

/// What is held began at the last look that did not see it, at the latest when its statement was sent, and ends at the first one that does not.
void LockWatch::note(const std::vector<SeenLock>& seen, RunClock::Duration at) {
  std::set<SeenLock> now;
  for (const auto& lock : seen) {
    if (lock.table.name.empty() || known_.contains(lock.table)) now.insert(lock);
  }
  std::erase_if(held_, [&](const auto& held) {
    if (now.contains(held.first)) return false;
    close(held.first, held.second, at);
    return true;
  });
  for (const auto& lock : now) held_.emplace(lock, Held{statement_, last_});
  last_ = at;
}

void LockWatch::close(const SeenLock& lock, const Held& held, RunClock::Duration at) {
  const auto shown = known_.find(lock.table);
  locks_[held.statement].push_back({shown == known_.end() ? lock.table.text() : shown->second, lock.mode, lock.waits, in_ms(at - held.from)});
}

std::vector<MeasuredLock> LockWatch::locks_of(std::size_t number) const {
  const auto found = locks_.find(number);
  if (found == locks_.end()) return {};
  // One that was given back and taken again is told once.
  std::vector<MeasuredLock> locks;
  for (const auto& lock : found->second) {
    const auto same = std::find_if(locks.begin(), locks.end(), [&](const MeasuredLock& other) { return other.table == lock.table && other.mode == lock.mode; });
    if (same == locks.end()) locks.push_back(lock);
    else same->time += lock.time;
  }
  std::stable_sort(locks.begin(), locks.end(), [](const MeasuredLock& a, const MeasuredLock& b) { return std::pair(a.waits, a.time) > std::pair(b.waits, b.time); });
  return locks;
}

std::optional<long long> LockWatch::log_bytes() {
  const std::scoped_lock guard(mutex_);
  if (!second_) return std::nullopt;
  try {
    return dialect_.measure().log_bytes(*second_);
  } catch (const DatabaseError&) {
    return std::nullopt;  // our role may not ask
  }
}

}  // namespace migrate
