#include "dialect/sqlite/run/backup.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <array>
#include <chrono>
#include <fstream>
#include <thread>

namespace migrate::sqlite {
namespace {

using Path = std::filesystem::path;

/// A handle of our own: the connection of a run may hold what is in a backup's way.
class File {
 public:
  File(const std::string& path, int flags) : path_(path) {
    const int code = sqlite3_open_v2(path.c_str(), &handle_, flags, nullptr);
    if (code != SQLITE_OK) {
      const std::string words = handle_ == nullptr ? sqlite3_errstr(code) : sqlite3_errmsg(handle_);
      sqlite3_close_v2(handle_);
      throw Error{ErrorKind::failed, "cannot open " + path + ": " + words};
    }
    sqlite3_busy_timeout(handle_, 5000);
  }
  ~File() { sqlite3_close_v2(handle_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  [[nodiscard]] sqlite3* handle() const { return handle_; }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// The first value of a statement's first row.
  std::string ask(const std::string& sql) const {
    std::string value;
    const auto take = [](void* out, int, char** values, char**) {
      auto& text = *static_cast<std::string*>(out);
      if (text.empty() && values[0] != nullptr) text = values[0];
      return 0;
    };
    if (sqlite3_exec(handle_, sql.c_str(), take, &value, nullptr) != SQLITE_OK) throw Error{ErrorKind::failed, path_ + ": " + sqlite3_errmsg(handle_)};
    return value;
  }

 private:
  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// All pages of one in the place of all pages of the other, in one transaction of the latter.
void copy_pages(const File& from, const File& to) {
  auto* work = sqlite3_backup_init(to.handle(), "main", from.handle(), "main");
  if (work == nullptr) throw Error{ErrorKind::failed, fmt::format("cannot write {}: {}", to.path(), sqlite3_errmsg(to.handle()))};
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  int code = SQLITE_OK;
  while ((code = sqlite3_backup_step(work, -1)) != SQLITE_DONE) {
    const bool busy = code == SQLITE_BUSY || code == SQLITE_LOCKED;
    if ((!busy && code != SQLITE_OK) || std::chrono::steady_clock::now() > until) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  const int finished = sqlite3_backup_finish(work);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return;
  const int reason = finished == SQLITE_OK ? code : finished;
  throw Error{reason == SQLITE_BUSY ? ErrorKind::locked : ErrorKind::failed, fmt::format("cannot copy {} to {}: {}", from.path(), to.path(), sqlite3_errstr(reason)),
              reason == SQLITE_BUSY ? "another process keeps the database: end it, and give the same command again" : ""};
}

std::string file_of(const DatabaseUrl& url) {
  if (url.database.empty() || url.database == ":memory:") throw Error{ErrorKind::usage, "a database in memory has no backup"};
  return url.database;
}

}  // namespace

void check_backup(Connection& /*connection*/, const ServerInfo& /*server*/, const BackupPlace& /*place*/) {}

void backup(const DatabaseUrl& url, Connection& /*connection*/, const ServerInfo& /*server*/, const BackupPlace& place) {
  const File from(file_of(url), SQLITE_OPEN_READWRITE);
  const File to(place.file.string(), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  copy_pages(from, to);
  // One file, without a log beside it.
  (void)to.ask("PRAGMA journal_mode = DELETE");
  // A database that nothing was ever written to has no pages; a file without any could be one that was cut off.
  if (std::filesystem::is_empty(place.file)) (void)to.ask("PRAGMA user_version = 0");
}

void check_backup_file(const DatabaseUrl& url, const BackupPlace& place) {
  (void)file_of(url);
  std::array<char, 16> start{};
  std::ifstream(place.file, std::ios::binary).read(start.data(), start.size());
  if (std::string(start.data(), 15) != "SQLite format 3") throw Error{ErrorKind::usage, place.file.string() + " is no backup of a SQLite database"};
  const File file(place.file.string(), SQLITE_OPEN_READONLY);
  const auto answer = file.ask("PRAGMA quick_check");
  if (answer != "ok") throw Error{ErrorKind::usage, place.file.string() + " is damaged: " + answer};
}

void restore(const DatabaseUrl& url, Connection& /*connection*/, const ServerInfo& /*server*/, const BackupPlace& place) {
  const File from(place.file.string(), SQLITE_OPEN_READONLY);
  const File to(file_of(url), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  copy_pages(from, to);
}

bool holds_anything(Connection& connection) { return !connection.query("SELECT 1 FROM sqlite_schema LIMIT 1").rows.empty(); }

}  // namespace migrate::sqlite
