#include "runner/lease.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/clock.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

constexpr std::string_view columns = "name, token, beat, lasts_ms, holder, since";

DatabaseError lost_error(std::chrono::milliseconds lasts) {
  return {DatabaseError::Cause::statement,
          fmt::format("this run has lost its lock: nothing was heard of it for {:.1f} s, and another run may have gone on", static_cast<double>(lasts.count()) / 1000),
          "", 0, "run the same command again; a longer lock.lease in migrate.yaml gives more time"};
}

long long number(const Value& value) { return value ? std::atoll(value->c_str()) : 0; }

}  // namespace

Lease::Lease(Session& session, const Versions& versions, std::string key, std::chrono::milliseconds lasts)
    : session_(session), versions_(versions), key_(std::move(key)), lasts_(lasts), table_(session.dialect().sql().quote_name(versions.lock_table())) {}

Lease::~Lease() { release(); }

// ---- the row -------------------------------------------------------------------------------------------------------

Lease::State Lease::read() {
  const auto result = session_.connection().query(fmt::format("SELECT {} FROM {} WHERE name = 'lease'", columns, table_));
  if (result.rows.empty()) return {};
  const auto& row = result.rows[0];
  return {true, number(row.at(1)), number(row.at(2)), number(row.at(3)), row.at(4).value_or(""), row.at(5).value_or("")};
}

/// Several runs may do this at once: what counts is that the table and its rows are there afterwards.
void Lease::make_table() {
  std::optional<DatabaseError> failed;
  const auto attempt = [&](const std::string& sql) {
    try {
      session_.connection().execute(sql);
    } catch (const DatabaseError& error) {
      if (error.cause == DatabaseError::Cause::connection) throw;
      if (!failed) failed = error;
    }
  };
  session_.dialect().run().check_records_place(session_.connection(), session_.server(), versions_.table());
  for (const auto& sql : versions_.create_lock_sql(session_.server())) attempt(sql);
  for (const auto* name : {"fence", "lease"}) attempt(fmt::format("INSERT INTO {} ({}) VALUES ('{}', 0, 0, 0, '', '')", table_, columns, name));
  try {
    if (read().exists || !failed) return;
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
  }
  throw Error{ErrorKind::failed, "cannot create the table " + versions_.lock_table().text() + ": " + failed->message(),
              "the run's lock is a row of it on this server; the role needs the right to create tables where versions_table says"};
}

bool Lease::is_free(const State& state) {
  if (state.holder.empty()) return true;
  const bool changed = state.token != seen_.token || state.beat != seen_.beat || !seen_.exists;
  if (changed) {
    seen_ = state;
    seen_at_ = Clock::now();
    return false;
  }
  return Clock::now() - seen_at_ >= std::chrono::milliseconds(state.lasts_ms);
}

/// Takes what `state` was read from, if it still is as it was.
bool Lease::take(const State& state, const std::string& holder) {
  const auto now = Clock::now();
  try {
    const auto taken = session_.connection().query(
        fmt::format("UPDATE {} SET token = {}, beat = beat + 1, lasts_ms = {}, holder = {}, since = {} WHERE name = 'lease' AND token = {} AND beat = {}", table_,
                    state.token + 1, lasts_.count(), session_.dialect().sql().quote_text(holder), session_.dialect().sql().quote_text(now_utc()), state.token, state.beat));
    if (taken.affected != 1) return false;
  } catch (const DatabaseError& error) {
    // Another one did the same at the same time, on another node perhaps.
    if (error.cause == DatabaseError::Cause::serialization || error.cause == DatabaseError::Cause::lock_timeout) return false;
    throw;
  }
  token_ = state.token + 1;
  renewed_at_ = now.time_since_epoch().count();
  return true;
}

/// Waits for a transaction of the holder before us that has written to the fence, as long as its locks are waited for.
bool Lease::take_fence() {
  try {
    session_.connection().execute(fmt::format("UPDATE {} SET token = {} WHERE name = 'fence' AND token < {}", table_, token_, token_));
    const auto now = session_.connection().query(fmt::format("SELECT token FROM {} WHERE name = 'fence'", table_));
    return !now.rows.empty() && number(now.rows[0].at(0)) == token_;
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::serialization || error.cause == DatabaseError::Cause::lock_timeout) return false;
    throw;
  }
}

bool Lease::try_acquire() {
  if (taken_ && fenced_) return true;
  if (!taken_) {
    if (const auto sql = session_.dialect().run().see_all_commits_sql(session_.server()); !sql.empty()) session_.connection().execute(sql);
    State state;
    try {
      state = read();
    } catch (const DatabaseError& error) {
      if (!session_.dialect().run().is_missing_table(error)) throw;
    }
    if (!state.exists) {
      make_table();
      state = read();
    }
    if (!is_free(state)) return false;
    const auto& user = session_.server().user;
    if (!take(state, user.empty() ? who_runs() : user + " (" + who_runs() + ")")) return false;
    taken_ = true;
    lost_ = false;
    start_beating();
  }
  if (lost_) {  // while the fence was waited for
    release();
    return false;
  }
  fenced_ = take_fence();
  if (!fenced_) return false;
  // A run that is connected to the server itself holds a session's lock, and looks for leases behind it as we look for its lock here.
  const auto lock = session_.dialect().run().make_lock(session_.connection(), session_.server(), key_);
  other_ = lock ? lock->holder() : std::string();
  if (!other_.empty()) {
    release();
    return false;
  }
  session_.fence([this] { check(); },
                 fmt::format("UPDATE {0} SET beat = beat + 1 WHERE name = 'fence';\n"
                             "INSERT INTO {0} ({1}) SELECT {1} FROM {0} WHERE name = 'fence' AND token <> {2}",
                             table_, columns, token_));
  return true;
}

void Lease::release() noexcept {
  if (!taken_) return;
  session_.fence({}, {});
  stop_beating();
  put_back();
  beat_connection_.reset();
  taken_ = fenced_ = false;
}

void Lease::put_back() noexcept {
  if (lost_) return;
  const auto sql = fmt::format("UPDATE {} SET holder = '', beat = beat + 1 WHERE name = 'lease' AND token = {}", table_, token_);
  for (const bool beating : {true, false}) {
    try {
      if (beating && !beat_connection_) continue;
      (beating ? *beat_connection_ : session_.connection()).execute(sql);
      return;
    } catch (const std::exception&) {
      // It ends by itself when nobody renews it.
    }
  }
}

std::string Lease::holder() {
  if (!other_.empty()) return other_;
  State state;
  try {
    state = read();
  } catch (const DatabaseError&) {
    return {};
  }
  if (state.holder.empty()) return {};
  auto text = fmt::format("{}, since {}", state.holder, state.since);
  if (seen_.exists && seen_.token == state.token && seen_.beat == state.beat) {
    const auto silent = std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - seen_at_).count();
    if (silent > 0) text += fmt::format(", no sign of life for {} s (its lease ends after {} s of that)", silent, state.lasts_ms / 1000);
  }
  return text;
}

bool Lease::held_by_other() {
  try {
    const auto exists = session_.dialect().run().table_exists_sql(versions_.lock_table());
    if (exists.empty()) return false;
    if (const auto found = session_.connection().query(exists); found.rows.empty() || found.rows[0].at(0) != "t") return false;
    const auto state = read();
    if (!state.exists || state.holder.empty()) return false;
    if (!is_free(state)) return true;
    // Whoever held it is gone; should it wake up, it finds another token.
    return !(take(state, "") && take_fence());
  } catch (const DatabaseError& error) {
    if (session_.dialect().run().is_missing_table(error)) return false;
    throw;
  }
}

// ---- signs of life ---------------------------------------------------------------------------------------------------

bool Lease::renew() {
  const std::scoped_lock lock(beat_mutex_);
  if (lost_) return false;
  const auto now = Clock::now();
  try {
    if (!beat_connection_) beat_connection_ = session_.another();
    const auto renewed = beat_connection_->query(fmt::format("UPDATE {} SET beat = beat + 1 WHERE name = 'lease' AND token = {}", table_, token_));
    if (renewed.affected != 1) lost_ = true;
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) beat_connection_.reset();
    throw;
  }
  if (!lost_) renewed_at_ = now.time_since_epoch().count();
  return !lost_;
}

void Lease::start_beating() {
  stopping_ = false;
  beat_connection_ = session_.another();
  thread_ = std::thread([this] { beat_until_stopped(); });
}

void Lease::stop_beating() noexcept {
  {
    const std::scoped_lock lock(stop_mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Lease::beat_until_stopped() {
  std::unique_lock lock(stop_mutex_);
  while (!stop_signal_.wait_for(lock, lasts_ / 5, [this] { return stopping_; })) {
    lock.unlock();
    try {
      (void)renew();
    } catch (const std::exception&) {
      // Tried again; until it works the lease grows old, and check() looks at that.
    }
    lock.lock();
    if (lost_) return;
  }
}

bool Lease::lost() {
  if (!taken_) return false;
  const auto age = Clock::now() - Clock::time_point(Clock::duration(renewed_at_.load()));
  if (!lost_ && age < lasts_ / 2) return false;
  const auto until = Clock::now() + lasts_ / 2;
  while (true) {
    try {
      return !renew();
    } catch (const DatabaseError&) {
      if (Clock::now() > until) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(200));
    }
  }
}

void Lease::check() {
  if (lost()) throw lost_error(lasts_);
}

}  // namespace migrate
