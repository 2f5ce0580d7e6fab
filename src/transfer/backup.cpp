#include "transfer/backup.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>

#include "core/clock.hpp"
#include "core/filesystem.hpp"
#include "core/process.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "dialect/run.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

BackupPlace place_of(const Target& target, const fs::path& file, const Tell& tell = {}) {
  return {.file = file, .tools = target.project().config().backup.tools, .tell = tell};
}

fs::path sum_of(const fs::path& file) { return file.string() + ".sha256"; }

/// How backups of the target are called in front of their time.
std::string stem_of(Target& target) {
  auto name = fs::path(target.url().database).filename().string();
  for (auto& c : name) {
    if (c == '/' || static_cast<unsigned char>(c) <= ' ') c = '_';
  }
  return (name.empty() ? target.url().scheme : name) + "-";
}

/// A file that is written and is not what it will be yet; it goes unless it is kept.
class Partial {
 public:
  explicit Partial(const fs::path& file) : file_(file), path_(file.string() + ".partial") {
    remove();
    const Descriptor made(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (made.get() < 0) fail_to_write(file_, errno);
  }
  ~Partial() {
    if (!kept_) remove();
  }
  Partial(const Partial&) = delete;
  Partial& operator=(const Partial&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }

  /// To the disk, and to its name.
  void keep() {
    const Descriptor written(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    if (written.get() < 0 || ::fsync(written.get()) != 0) fail_to_write(file_, errno);
    if (::rename(path_.c_str(), file_.c_str()) != 0) fail_to_write(file_, errno);
    kept_ = true;
  }

 private:
  void remove() const {
    std::error_code ignored;
    for (const auto* end : {"", "-journal", "-wal", "-shm"}) fs::remove(path_.string() + end, ignored);
  }

  fs::path file_;
  fs::path path_;
  bool kept_ = false;
};

bool is_time(std::string_view text) {  // 20261128T065748Z-3fa2
  return text.size() == 21 && text[8] == 'T' && text[15] == 'Z' && text[16] == '-' && std::isdigit(static_cast<unsigned char>(text[0])) != 0;
}

}  // namespace

fs::path new_backup_name(Target& target, const fs::path& folder) {
  auto time = now_utc().substr(0, 19) + "Z";
  std::erase(time, '-');
  std::erase(time, ':');
  return folder / (stem_of(target) + time + "-" + random_hex(2) + "." + target.dialect().run().backup_extension());
}

Backup make_backup(Target& target, const fs::path& file, const Tell& tell) {
  const auto& engine = target.dialect().run();
  auto& session = target.session();
  if (path_exists(file)) throw Error{ErrorKind::usage, file.string() + " is there already", "name another file for the backup"};
  engine.check_backup(session.connection(), session.server(), place_of(target, file));
  if (file.has_parent_path()) make_folders(file.parent_path());
  Partial partial(file);
  engine.backup(target.url(), session.connection(), session.server(), place_of(target, partial.path(), tell));
  engine.check_backup_file(target.url(), place_of(target, partial.path()));
  Backup backup{.file = file, .bytes = static_cast<long long>(fs::file_size(partial.path())), .sha256 = sha256_of_file(partial.path())};
  // The checksum first: a backup that is there has one.
  write_file(sum_of(file), backup.sha256 + "  " + file.filename().string() + "\n");
  try {
    ::chmod(sum_of(file).c_str(), 0600);
    partial.keep();
  } catch (const Error&) {
    remove_file(sum_of(file));
    throw;
  }
  return backup;
}

void check_backup(Target& target, const fs::path& file) {
  if (!file_exists(file)) throw Error{ErrorKind::usage, "there is no file " + file.string(), "`migrate backup` makes one"};
  if (!file_exists(sum_of(file))) throw Error{ErrorKind::usage, file.string() + " has no checksum: " + sum_of(file).string() + " is missing", "a backup is two files, which stay together"};
  const auto wanted = split(read_file(sum_of(file)), ' ');
  if (wanted.empty() || sha256_of_file(file) != wanted.front()) {
    throw Error{ErrorKind::usage, file.string() + " is not what was written: its checksum is another one", "it was cut off or edited; take another backup. Nothing was changed"};
  }
  auto& session = target.session();
  target.dialect().run().check_backup_file(target.url(), place_of(target, file));
  target.dialect().run().check_backup(session.connection(), session.server(), place_of(target, file));
}

void restore_backup(Target& target, const fs::path& file, const Tell& tell) {
  auto& session = target.session();
  try {
    session.connection().execute("ROLLBACK");  // what a unit left open would be in the way
  } catch (const DatabaseError& error) {
    if (error.cause == DatabaseError::Cause::connection) throw;
  }
  target.dialect().run().restore(target.url(), session.connection(), session.server(), place_of(target, file, tell));
}

std::vector<fs::path> remove_old_backups(Target& target, const fs::path& folder, int keep) {
  const auto stem = stem_of(target);
  const auto end = "." + target.dialect().run().backup_extension();
  std::vector<fs::path> removed;
  std::vector<std::string> names;
  for (auto& name : list_files(folder)) {
    if (name.size() > stem.size() + end.size() && name.starts_with(stem) && name.ends_with(end) && is_time(std::string_view(name).substr(stem.size(), name.size() - stem.size() - end.size()))) {
      names.push_back(std::move(name));
    }
  }
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i + static_cast<std::size_t>(keep) < names.size(); ++i) {
    remove_file(folder / names[i]);
    remove_file(sum_of(folder / names[i]));
    removed.push_back(folder / names[i]);
  }
  return removed;
}

}  // namespace migrate
