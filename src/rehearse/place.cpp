#include "rehearse/place.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "dialect/run.hpp"
#include "dialect/sql.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view mark = "_rehearsal_";
constexpr std::size_t digits = 8;
constexpr std::string_view in_use_state = "55006";  // object_in_use
constexpr std::size_t longest_name = 63;  // of PostgreSQL; MySQL allows one more

bool is_file(Target& target) { return !target.dialect().run().file_of(target.url()).empty(); }

/// What the names of its rehearsals begin with; without the folder, of a file.
std::string stem(Target& source) {
  auto name = source.url().database;
  if (is_file(source)) name = fs::path(name).filename().string();
  if (name.empty()) throw Error{ErrorKind::usage, "a database in memory cannot be rehearsed on: nobody else can read it"};
  if (!is_file(source)) name.resize(std::min(name.size(), longest_name - mark.size() - digits));
  return name + std::string(mark);
}

bool is_rehearsal(const std::string& name, const std::string& stem) {
  return name.size() == stem.size() + digits && name.starts_with(stem) && name.find_first_not_of("0123456789abcdef", stem.size()) == std::string::npos;
}

void drop_database(Target& beside, const std::string& name) {
  if (is_file(beside)) {
    for (const auto* part : {"-wal", "-shm", "-journal", ""}) remove_file(name + part);  // last what it is found by
    return;
  }
  beside.session().connection().execute("DROP DATABASE IF EXISTS " + beside.dialect().sql().quote_name(name));
}

/// The lock of a rehearsal that runs; null where there are none.
std::unique_ptr<RunLock> lock_of(Connection& connection, Target& beside, const std::string& name) {
  return beside.dialect().run().make_lock(connection, beside.session().server(), "rehearsal " + name);
}

/// False where the server says that somebody uses it. The sessions of a process that was killed end a moment later.
bool drop_unused(Target& beside, const std::string& name) {
  for (int tries = 0; tries < 50; ++tries) {
    try {
      drop_database(beside, name);
      return true;
    } catch (const DatabaseError& error) {
      if (error.sqlstate != in_use_state) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return false;
}

}  // namespace

RehearsalPlace::RehearsalPlace(Target& source, Target& beside) : beside_(beside), url_(beside.url()) {
  if (source.url().dialect() != beside.url().dialect()) throw Error{ErrorKind::usage, "a rehearsal needs the same engine: " + beside.url().display() + " is another", "--on a database of the same engine"};
  const auto begin = stem(source);
  if (is_file(beside)) {
    // Between making a file and locking it somebody may have cleaned it away.
    const auto folder = fs::path(beside.url().database).parent_path();
    do url_.database = (folder / (begin + random_hex(digits / 2))).string();
    while (!make_file());
    set_up_file(source);
  } else {
    url_.database = begin + random_hex(digits / 2);
    make_database(source);
  }
}

bool RehearsalPlace::make_file() {
  const fs::path file(url_.database);
  write_file(file, "");
  const auto connection = beside_.dialect().run().connect(url_);
  lock_ = lock_of(*connection, beside_, url_.database);
  return (!lock_ || lock_->try_acquire()) && path_exists(file);
}

void RehearsalPlace::set_up_file(Target& source) {
  const auto& run = beside_.dialect().run();
  try {
    const auto connection = run.connect(url_);  // not held on to: a file's lock is the process's, and another session is in the way of the runs'
    for (const auto& sql : run.create_database_sql(source.session().connection(), url_.database)) static_cast<void>(connection->query(sql));
  } catch (...) {
    drop_database(beside_, url_.database);
    throw;
  }
}

void RehearsalPlace::make_database(Target& source) {
  const auto& run = beside_.dialect().run();
  const auto& name = url_.database;
  holder_ = beside_.session().another();
  lock_ = lock_of(*holder_, beside_, name);
  if (lock_) static_cast<void>(lock_->try_acquire());
  std::size_t done = 0;
  try {
    // What a session of the source has been told to use is not the database's own.
    const auto like = source.session().another();
    for (const auto& sql : run.create_database_sql(*like, name)) {
      holder_->execute(sql);
      ++done;
    }
    inside_ = run.connect(url_);
  } catch (const DatabaseError& error) {
    if (done > 0) drop_database(beside_, name);
    throw Error{ErrorKind::failed, "cannot make the database " + name + " for the rehearsal: " + error.message(), "the role needs the right to create databases; `--on URL` rehearses on another server"};
  }
}

void RehearsalPlace::drop() {
  kept_ = true;
  inside_.reset();
  drop_database(beside_, url_.database);
}

RehearsalPlace::~RehearsalPlace() {
  if (kept_) return;
  try {
    drop();
  } catch (...) {  // its name says what it was: rehearse --clean
  }
}

Cleaned clean_rehearsals(Target& source, Target& beside) {
  const auto begin = stem(source);
  const auto& run = beside.dialect().run();
  const auto folder = is_file(beside) ? fs::path(beside.url().database).parent_path() : fs::path();
  Cleaned cleaned;
  for (const auto& found : is_file(beside) ? list_files(folder) : run.database_names(beside.session().connection())) {
    if (!is_rehearsal(found, begin)) continue;
    const auto name = is_file(beside) ? (folder / found).string() : found;
    auto url = beside.url();
    url.database = is_file(beside) ? name : url.database;
    const auto holder = run.connect(url);
    const auto lock = lock_of(*holder, beside, name);
    const bool dropped = (!lock || lock->try_acquire()) && drop_unused(beside, name);
    (dropped ? cleaned.removed : cleaned.in_use).push_back(name);
  }
  return cleaned;
}

}  // namespace migrate
