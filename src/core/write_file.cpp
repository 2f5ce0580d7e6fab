// The one place that writes a file whose name a person gave.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <linux/magic.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <utility>

#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/streams.hpp"
#include "migrate/error.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

/// An open file; closing it can fail, and is then the write that failed.
class OpenFile {
 public:
  OpenFile(int descriptor, const fs::path& shown) : descriptor_(descriptor), shown_(shown) {
    if (descriptor_ < 0) fail_to_write(shown_, errno);
  }
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }

  void write(std::string_view content) const {
    if (const int error = write_all(descriptor_, content); error != 0) fail_to_write(shown_, error);
  }

  /// To the disk, where the file system knows how.
  void sync() const {
    if (::fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS && errno != ENOSYS) fail_to_write(shown_, errno);
  }

  void close() {
    if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR) fail_to_write(shown_, errno);
  }

 private:
  int descriptor_;
  const fs::path& shown_;
};

/// The descriptor of this process that a path such as /dev/stdout or /dev/fd/3 leads to. Opening such a path again would begin
/// at the start of a file, and cannot be done for a socket.
std::optional<int> own_descriptor(const fs::path& link) {
  struct statfs system {};
  const auto folder = link.parent_path().empty() ? fs::path(".") : link.parent_path();
  if (::statfs(folder.c_str(), &system) != 0 || static_cast<unsigned long>(system.f_type) != PROC_SUPER_MAGIC) return std::nullopt;
  struct stat here {}, own {};
  if (::stat(folder.c_str(), &here) != 0 || ::stat("/proc/self/fd", &own) != 0 || here.st_ino != own.st_ino || here.st_dev != own.st_dev) return std::nullopt;
  const auto name = link.filename().string();
  int number = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), number);
  return error == std::errc() && end == name.data() + name.size() ? std::optional(number) : std::nullopt;
}

/// Where a path leads once the links of its last component are followed; a link may lead to what is not there yet.
struct Target {
  fs::path path;
  std::optional<int> descriptor;  ///< it is this descriptor
};

Target follow_links(const fs::path& path) {
  Target target{path, std::nullopt};
  for (int links = 0; links < 40; ++links) {
    target.descriptor = own_descriptor(target.path);
    struct stat info {};
    if (target.descriptor || ::lstat(target.path.c_str(), &info) != 0 || !S_ISLNK(info.st_mode)) return target;
    std::error_code error;
    const auto to = fs::read_symlink(target.path, error);
    if (error) fail_to_write(path, error.value());
    target.path = to.is_absolute() ? to : target.path.parent_path() / to;
  }
  fail_to_write(path, ELOOP);
}

/// A device, a FIFO, a terminal: it stays what it is.
void write_into(const fs::path& path, const fs::path& shown, std::string_view content) {
  OpenFile file{::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY), shown};
  if (const int error = write_all(file.get(), content); error == EPIPE) return;  // its reader has what it wanted
  else if (error != 0) fail_to_write(shown, error);
  file.close();
}

void write_into_socket(const fs::path& path, const fs::path& shown, std::string_view content) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto& name = path.native();
  if (name.size() >= sizeof address.sun_path) fail_to_write(shown, ENAMETOOLONG);
  std::copy(name.begin(), name.end(), static_cast<char*>(address.sun_path));
  OpenFile socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), shown};
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail_to_write(shown, errno);
  socket.write(content);
  socket.close();
}

/// What belongs to a file beside its content: access lists, labels. Best effort, as not every file system knows them.
void copy_attributes(const fs::path& from, int to) {
  std::string names(4096, '\0');
  const auto size = ::listxattr(from.c_str(), names.data(), names.size());
  std::string value(65536, '\0');
  for (ssize_t at = 0; at < size; at += static_cast<ssize_t>(std::strlen(names.data() + at)) + 1) {
    const char* name = names.data() + at;
    const auto length = ::getxattr(from.c_str(), name, value.data(), value.size());
    if (length >= 0) (void)::fsetxattr(to, name, value.data(), static_cast<std::size_t>(length), 0);
  }
}

/// Where no file may be put beside it, or its owner cannot be given to a new one: written in place, and mended as it was when
/// that fails.
void write_in_place(const fs::path& path, const fs::path& shown, std::string_view content) {
  const auto before = read_file(path);
  OpenFile file{::open(path.c_str(), O_WRONLY | O_CLOEXEC), shown};
  int error = write_all(file.get(), content);
  if (error == 0 && ::ftruncate(file.get(), static_cast<off_t>(content.size())) != 0) error = errno;
  if (error == 0) {
    file.sync();
    return file.close();
  }
  if (::lseek(file.get(), 0, SEEK_SET) == 0 && write_all(file.get(), before) == 0) (void)::ftruncate(file.get(), static_cast<off_t>(before.size()));
  fail_to_write(shown, error);
}

/// A file that goes away again unless it was put in its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& beside) : path_(beside.parent_path() / (".migrate-" + random_hex(6) + ".tmp")) {}
  ~TemporaryFile() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  void move_to(const fs::path& place, const fs::path& shown) {
    if (::rename(path_.c_str(), place.c_str()) != 0) fail_to_write(shown, errno);
    path_.clear();
  }

 private:
  fs::path path_;
};

/// `old`: the file that is there, if one is.
void replace(const fs::path& path, const fs::path& shown, std::string_view content, const struct stat* old, bool executable) {
  TemporaryFile temporary(path);
  // Until its mode is set nobody else may read it.
  const mode_t first_mode = old != nullptr ? 0600 : executable ? 0777 : 0666;
  const int descriptor = ::open(temporary.path().c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, first_mode);
  if (descriptor < 0 && old != nullptr && (errno == EACCES || errno == EPERM || errno == EROFS)) return write_in_place(path, shown, content);
  OpenFile file{descriptor, shown};
  file.write(content);
  if (old != nullptr) {
    struct stat made {};
    if (::fstat(file.get(), &made) != 0) fail_to_write(shown, errno);
    if ((made.st_uid != old->st_uid || made.st_gid != old->st_gid) && ::fchown(file.get(), old->st_uid, old->st_gid) != 0) return write_in_place(path, shown, content);
    copy_attributes(path, file.get());
    const mode_t readable = old->st_mode & 0444U;
    if (::fchmod(file.get(), (old->st_mode & 07777U) | (executable ? readable >> 2U : 0U)) != 0) fail_to_write(shown, errno);
  }
  file.sync();
  file.close();
  temporary.move_to(path, shown);
}

}  // namespace

void fail_to_write(const fs::path& path, int error) {
  throw Error{ErrorKind::failed, "cannot write " + path.string() + ": " + std::strerror(error), {}, {path.string()}};
}

bool is_standard_output(const fs::path& path) { return follow_links(path).descriptor == STDOUT_FILENO; }

void write_file(const fs::path& path, std::string_view content, FileUse use) {
  const auto target = follow_links(path);
  if (target.descriptor) {
    // The standard streams are written by one hand, so that what failed is known at the end and the order stays.
    if (auto* stream = standard_stream(*target.descriptor)) return stream->write(content);
    OpenFile copy{::fcntl(*target.descriptor, F_DUPFD_CLOEXEC, 3), path};
    if (const int error = write_all(copy.get(), content); error != 0 && error != EPIPE) fail_to_write(path, error);
    return;
  }
  struct stat info {};
  if (::stat(target.path.c_str(), &info) != 0) {
    if (errno != ENOENT) fail_to_write(path, errno);
    return replace(target.path, path, content, nullptr, use == FileUse::program);
  }
  if (S_ISDIR(info.st_mode)) fail_to_write(path, EISDIR);
  if (S_ISREG(info.st_mode)) return replace(target.path, path, content, &info, use == FileUse::program);
  if (S_ISSOCK(info.st_mode)) return write_into_socket(target.path, path, content);
  write_into(target.path, path, content);
}

}  // namespace migrate
