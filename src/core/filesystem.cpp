#include "core/filesystem.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <utility>

#include "migrate/error.hpp"

namespace migrate {
namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int fd) : fd_(fd) {}
  ~FileDescriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_;
};

[[noreturn]] void fail(const std::string& doing, const std::filesystem::path& path, int error) {
  throw Error{ErrorKind::usage, "cannot " + doing + " " + path.string() + ": " + std::strerror(error), {}, {path.string()}};
}

/// Files that are part of the program; see keep_in_memory.
std::map<std::string, std::string>& kept_files() {
  static std::map<std::string, std::string> files;
  return files;
}

const std::string* kept(const std::filesystem::path& path) {
  const auto& files = kept_files();
  if (files.empty()) return nullptr;
  const auto it = files.find(path.lexically_normal().string());
  return it == files.end() ? nullptr : &it->second;
}

/// Whether an entry of a folder is a file. A link that leads nowhere must not pass as no file: the unit that it stands for
/// would be left out without a word.
bool is_file(const std::filesystem::directory_entry& entry) {
  std::error_code ignored;
  if (entry.is_regular_file(ignored)) return true;  // mostly the folder itself says so, without a look at the file
  const auto& path = entry.path();
  if (path.filename().native().front() == '.') return false;
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return S_ISREG(info.st_mode);
  const int reason = errno;
  if (::lstat(path.c_str(), &info) != 0) return false;  // it went away meanwhile
  const auto what = S_ISLNK(info.st_mode) ? "cannot follow the link " + path.string() + " to " + std::filesystem::read_symlink(path, ignored).string()
                                          : "cannot read " + path.string();
  throw Error{ErrorKind::usage, what + ": " + std::strerror(reason), "restore what it leads to, or remove it", {path.string()}};
}

}  // namespace

void keep_in_memory(const std::filesystem::path& path, std::string content) { kept_files()[path.lexically_normal().string()] = std::move(content); }

bool file_exists(const std::filesystem::path& path) {
  std::error_code error;
  return kept(path) != nullptr || std::filesystem::is_regular_file(path, error);
}

bool folder_exists(const std::filesystem::path& path) {
  const auto start = path.lexically_normal().string() + "/";
  const auto it = kept_files().lower_bound(start);
  std::error_code error;
  return (it != kept_files().end() && it->first.starts_with(start)) || std::filesystem::is_directory(path, error);
}

std::string read_file(const std::filesystem::path& path) {
  if (const auto* content = kept(path)) return *content;
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) fail("read", path, errno);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) fail("read", path, errno);
  if (S_ISDIR(info.st_mode)) fail("read", path, EISDIR);
  std::string content(info.st_size > 0 ? static_cast<std::size_t>(info.st_size) : 4096, '\0');
  std::size_t size = 0;
  while (true) {
    if (size == content.size()) {
      if (S_ISREG(info.st_mode) && info.st_size > 0) break;
      content.resize(content.size() * 2);
    }
    const auto got = ::read(file.get(), content.data() + size, content.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  content.resize(size);
  return content;
}

FolderReader::FolderReader(std::filesystem::path folder) : folder_(std::move(folder)) {
  // Without it (a folder that is kept in memory) every file is opened by its whole path.
  descriptor_ = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

FolderReader::~FolderReader() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string FolderReader::start_of(const std::string& name, std::size_t most, bool& complete) {
  const auto path = folder_ / name;
  if (const auto* content = kept(path)) {
    complete = content->size() <= most;
    return content->substr(0, most);
  }
  const FileDescriptor file{descriptor_ >= 0 ? ::openat(descriptor_, name.c_str(), O_RDONLY | O_CLOEXEC) : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.get() < 0) fail("read", path, errno);
  buffer_.resize(most + 1);
  std::size_t size = 0;
  while (size < buffer_.size()) {
    const auto got = ::read(file.get(), buffer_.data() + size, buffer_.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  complete = size <= most;
  return buffer_.substr(0, std::min(size, most));
}

void make_folders(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error && !std::filesystem::is_directory(folder)) throw Error{ErrorKind::failed, "cannot make the folder " + folder.string() + ": " + error.message(), {}, {folder.string()}};
}

void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) throw Error{ErrorKind::failed, "cannot remove " + path.string() + ": " + error.message(), {}, {path.string()}};
}

bool path_exists(const std::filesystem::path& path) {
  if (kept(path) != nullptr) return true;
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0) return true;
  if (errno == ENOENT) return ::lstat(path.c_str(), &info) == 0;
  if (errno == ENOTDIR) return false;
  fail("look at", path, errno);
}

std::filesystem::path real_path(const std::filesystem::path& path) {
  std::error_code error;
  auto found = std::filesystem::weakly_canonical(std::filesystem::absolute(path), error);
  if (error) fail("follow", path, error.value());
  return found;
}

std::vector<std::string> list_files(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  const auto start = folder.lexically_normal().string() + "/";
  for (auto it = kept_files().lower_bound(start); it != kept_files().end() && it->first.starts_with(start); ++it) {
    if (it->first.find('/', start.size()) == std::string::npos) names.push_back(it->first.substr(start.size()));
  }
  if (!names.empty()) return names;
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    if (is_file(*entry)) names.push_back(entry->path().filename().string());
  }
  if (error) fail("read the folder", folder, error.value());
  std::sort(names.begin(), names.end());
  return names;
}

std::filesystem::path program_folder() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::current_path() : program.parent_path();
}

}  // namespace migrate
