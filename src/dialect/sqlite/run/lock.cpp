// SQLite's own write lock ends with its transaction; a run lasts longer. One byte of the database file, far behind anything
// that SQLite reads or locks, is the run's: an open file description lock (fcntl(2)), which dies with the process.
#include "dialect/sqlite/run/lock.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <mutex>

#include "core/sha256.hpp"

namespace migrate::sqlite {
namespace {

/// Never closed: closing any descriptor of a file gives up all of SQLite's own locks on it (sqlite.org/howtocorrupt, 2.2).
int descriptor_of(const std::string& file) {
  static std::mutex mutex;
  static std::map<std::string, int> open_files;
  const std::scoped_lock guard(mutex);
  const auto [it, fresh] = open_files.try_emplace(file, -1);
  if (fresh) it->second = ::open(file.c_str(), O_RDWR | O_CLOEXEC);
  return it->second;
}

#ifdef F_OFD_SETLK
class FileLock final : public RunLock {
 public:
  FileLock(int descriptor, const std::string& key)
      : descriptor_(descriptor), byte_((1LL << 61) + static_cast<off_t>(std::stoul(sha256(key).substr(0, 7), nullptr, 16))) {}
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  ~FileLock() override { release(); }

  bool try_acquire() override {
    // A file system without locks leaves SQLite's own.
    if (!held_) held_ = set(F_WRLCK) || (errno != EAGAIN && errno != EACCES);
    return held_;
  }
  void release() noexcept override {
    if (held_) set(F_UNLCK);
    held_ = false;
  }
  std::string holder() override { return "another process that has the database file open"; }

 private:
  bool set(short type) const {
    struct flock lock {};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    lock.l_start = byte_;
    lock.l_len = 1;
    return ::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0;
  }

  int descriptor_;
  off_t byte_;
  bool held_ = false;
};
#endif

}  // namespace

std::unique_ptr<RunLock> make_lock(Connection& connection, const std::string& key) {
#ifdef F_OFD_SETLK
  const auto databases = connection.query("PRAGMA database_list");
  const auto file = databases.rows.empty() ? std::string() : databases.rows[0].at(2).value_or("");
  if (file.empty()) return nullptr;
  const int descriptor = descriptor_of(file);
  // The key names the versions table; the file is what is locked, whatever path leads to it.
  if (descriptor >= 0) return std::make_unique<FileLock>(descriptor, key.substr(key.rfind(' ') + 1));
#else
  static_cast<void>(connection), static_cast<void>(key);
#endif
  return nullptr;
}

}  // namespace migrate::sqlite
