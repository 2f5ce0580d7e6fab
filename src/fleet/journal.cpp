#include "fleet/journal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/catalog.hpp"
#include "dialect/dialect.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"
#include "fleet/targets.hpp"
#include "project/file_url.hpp"
#include "runner/versions.hpp"

namespace migrate::fleet {
namespace {

constexpr std::array<std::string_view, 5> state_names{"waiting", "running", "done", "failed", "stopped"};
const std::string entry_columns = "id, name, url, wave, tags, state, tries, revision, steps, ms, changed, error, place, hint";

/// The key of a target's row: a name may be of any length, and not every collation tells capitals apart.
std::string id_of(const std::string& name) { return sha256(name); }


State state_of(std::string_view text) {
  const auto found = std::find(state_names.begin(), state_names.end(), text);
  if (found == state_names.end()) throw Error{ErrorKind::failed, "the fleet's journal holds a state that this program does not know: " + std::string(text), "was it written by a newer program?"};
  return static_cast<State>(found - state_names.begin());
}

}  // namespace

std::string_view to_text(State state) { return state_names[static_cast<std::size_t>(state)]; }

Journal::Journal(const Project& project, const std::string& place, bool only_look)
    : url_(is_url(place) || place.starts_with('@') ? database_at(project, place, {project.config().file.string()}) : file_url(project.config().folder / place)), reconnect_(project.config().reconnect),
      dialect_(&dialect_named(url_.dialect())) {
  file_ = dialect_->run().file_of(url_);
  if (only_look && !file_.empty() && !file_exists(file_)) return;
  open();
  if (!only_look) make_tables();
}

Journal::~Journal() {
  lock_.reset();
  if (lock_file_ >= 0) ::close(lock_file_);
}

void Journal::open() {
  connection_ = dialect_->run().connect(url_);
  // A power failure may take the last lines along, a kill does not; what the targets' own tables say holds anyway.
  if (const auto sql = dialect_->run().cheap_commits_sql(); !sql.empty()) connection_->execute(sql);
}

void Journal::make_tables() {
  const auto server = dialect_->catalog().probe(*connection_);
  const auto text = dialect_->sql().long_text_type();
  const auto column = [](const char* name, const std::string& type) { return Column{.name = name, .type = type, .nullable = false}; };
  Table entries{.name = {"", "migrate_fleet"}};
  entries.columns = {column("id", "varchar(64)"), column("name", text),       column("url", text),   column("wave", text), column("tags", text),           column("state", "varchar(20)"), column("tries", "integer"),
                     column("revision", text),    column("steps", "integer"), column("ms", "bigint"), column("changed", "varchar(40)"), column("error", text), column("place", text),          column("hint", text)};
  entries.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
  Table run{.name = {"", "migrate_fleet_run"}};
  run.columns = {column("id", "integer"), column("action", text), column("who", text), column("started", "varchar(40)"), column("ended", "varchar(40)")};
  run.primary_key = PrimaryKey{.parts = {{.column = "id"}}};
  for (const auto& sql : own_tables_sql(*dialect_, Schema{.tables = {entries, run}}, server)) connection_->execute(sql);
}

void Journal::lasting(const std::function<void()>& work) {
  const Stopwatch watch;
  for (bool lost = false;;) {
    try {
      if (lost) {
        lock_.reset();
        open();
        while (locked_ && !try_lock()) {  // our lost session may live on for a while at the server
          if (watch.elapsed() <= reconnect_) {
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            continue;
          }
          throw Error{ErrorKind::locked, "the connection to the fleet's journal was lost, and another run has taken it meanwhile", "`migrate fleet status` says who; `migrate fleet retry` takes up what is left"};
        }
        lost = false;
      }
      return work();
    } catch (const DatabaseError& error) {
      // Somebody who does one target by itself writes a line too.
      const bool busy = error.cause == DatabaseError::Cause::lock_timeout || error.cause == DatabaseError::Cause::serialization;
      lost = error.cause == DatabaseError::Cause::connection || (lost && !busy);
      if ((!lost && !busy) || watch.elapsed() > reconnect_) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  }
}

bool Journal::try_lock() {
  if (file_.empty()) {
    if (!lock_) lock_ = dialect_->run().make_lock(*connection_, dialect_->catalog().probe(*connection_), "migrate fleet " + url_.database);
    return lock_->try_acquire();
  }
  // The system gives it back when this process ends, however that goes; workers do not inherit it.
  const auto file = file_ + "-lock";
  if (lock_file_ < 0) lock_file_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_file_ < 0) throw Error{ErrorKind::failed, "cannot write " + file + ": " + std::strerror(errno)};
  struct flock region {};
  region.l_type = F_WRLCK;
  region.l_whence = SEEK_SET;
  return ::fcntl(lock_file_, F_SETLK, &region) == 0;
}

void Journal::lock(std::chrono::milliseconds wait, const std::function<void(const std::string&)>& told, const std::function<bool()>& stop) {
  const Stopwatch watch;
  for (bool first = true; !try_lock(); first = false) {
    const auto other = run();
    const auto holder = other.who.empty() ? std::string("another run") : other.who + ", `fleet " + other.action + "`, since " + other.started;
    if (first) told(holder);
    if (watch.elapsed() >= wait || stop()) {
      throw Error{ErrorKind::locked, "another run works on this fleet: " + holder, "wait for it, look at it with `migrate fleet status`, or give it more time with --lock-timeout"};
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  locked_ = true;
}

std::string Journal::text(std::string_view value) const { return dialect_->sql().quote_value(value); }

std::string Journal::values(const Entry& entry) const {
  std::string out = text(id_of(entry.name));
  for (const auto& value : {entry.name, entry.url, entry.wave, join(entry.tags, "\n"), std::string(to_text(entry.state))}) out += ", " + text(value);
  out += ", " + std::to_string(entry.tries) + ", " + text(entry.revision) + ", " + std::to_string(entry.steps) + ", " + std::to_string(entry.ms) + ", " + text(entry.changed);
  for (const auto& value : {entry.error, entry.place, entry.hint}) out += ", " + text(value);
  return out;
}

void Journal::begin(const RunRecord& run, const std::vector<Entry>& entries) {
  lasting([&] {
    connection_->execute(std::string(dialect_->run().begin_sql()));
    try {
      connection_->execute("DELETE FROM migrate_fleet_run");
      connection_->execute("INSERT INTO migrate_fleet_run (id, action, who, started, ended) VALUES (1, " + text(run.action) + ", " + text(run.who) + ", " + text(run.started) + ", '')");
      write_anew(entries);
      connection_->execute("COMMIT");
    } catch (const DatabaseError&) {
      try {
        connection_->execute("ROLLBACK");
      } catch (const DatabaseError&) {  // the first error is the one to tell
      }
      throw;
    }
  });
}

void Journal::write_anew(const std::vector<Entry>& entries) {
  for (std::size_t from = 0; from < entries.size(); from += 200) {
    const auto to = std::min(entries.size(), from + 200);
    std::string ids;
    std::string rows;
    for (auto i = from; i < to; ++i) {
      ids += (ids.empty() ? "" : ", ") + text(id_of(entries[i].name));
      rows += (rows.empty() ? "(" : ", (") + values(entries[i]) + ")";
    }
    connection_->execute("DELETE FROM migrate_fleet WHERE id IN (" + ids + ")");
    connection_->execute("INSERT INTO migrate_fleet (" + entry_columns + ") VALUES " + rows);
  }
}

void Journal::write(const Entry& entry) {
  const auto sql = "UPDATE migrate_fleet SET state = " + text(to_text(entry.state)) + ", tries = " + std::to_string(entry.tries) + ", revision = " + text(entry.revision) + ", steps = " +
                   std::to_string(entry.steps) + ", ms = " + std::to_string(entry.ms) + ", changed = " + text(entry.changed) + ", error = " + text(entry.error) + ", place = " + text(entry.place) +
                   ", hint = " + text(entry.hint) + " WHERE id = " + text(id_of(entry.name));
  lasting([&] { connection_->execute(sql); });
}

void Journal::put(Entry entry) {
  lasting([&] {
    const auto known = connection_->query("SELECT tries FROM migrate_fleet WHERE id = " + text(id_of(entry.name)));
    entry.tries = 1 + (known.rows.empty() ? 0 : std::atoi(known.rows.front().front().value_or("0").c_str()));
    write_anew({entry});
  });
}

void Journal::end(const std::string& when) {
  lasting([&] { connection_->execute("UPDATE migrate_fleet_run SET ended = " + text(when)); });
}

std::vector<Entry> Journal::entries() {
  std::vector<Entry> entries;
  if (!connection_) return entries;
  Result result;
  try {
    result = connection_->query("SELECT " + entry_columns + " FROM migrate_fleet");
  } catch (const DatabaseError& error) {
    if (dialect_->run().is_missing_table(error)) return entries;
    throw;
  }
  for (const auto& row : result.rows) {
    const auto value = [&](std::size_t i) { return row[i].value_or(""); };
    const auto number = [&](std::size_t i) { return std::atoll(value(i).c_str()); };
    entries.push_back({value(1), value(2), value(3), value(4).empty() ? std::vector<std::string>{} : split(value(4), '\n'), state_of(value(5)), static_cast<int>(number(6)), value(7),
                       static_cast<int>(number(8)), number(9), value(10), value(11), value(12), value(13)});
  }
  // By our own order: a server's depends on its collation.
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.name < b.name; });
  return entries;
}

RunRecord Journal::run() {
  if (!connection_) return {};
  try {
    const auto result = connection_->query("SELECT action, who, started, ended FROM migrate_fleet_run");
    if (result.rows.empty()) return {};
    const auto& row = result.rows.front();
    return {row[0].value_or(""), row[1].value_or(""), row[2].value_or(""), row[3].value_or("")};
  } catch (const DatabaseError& error) {
    if (dialect_->run().is_missing_table(error)) return {};
    throw;
  }
}

}  // namespace migrate::fleet
