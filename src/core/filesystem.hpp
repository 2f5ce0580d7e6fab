/// The narrow seam to the file system: whole files in, whole files out, errors that name the file.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace migrate {

/// The bytes of a file. Throws Error (usage) that names the file and the system's reason.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Reads the beginnings of many files of one folder: the way to the folder is gone once.
class FolderReader {
 public:
  explicit FolderReader(std::filesystem::path folder);
  ~FolderReader();
  FolderReader(const FolderReader&) = delete;
  FolderReader& operator=(const FolderReader&) = delete;

  /// The first `most` bytes of a file; `complete` says whether that is all of it.
  [[nodiscard]] std::string start_of(const std::string& name, std::size_t most, bool& complete);

 private:
  std::filesystem::path folder_;
  int descriptor_ = -1;
  std::string buffer_;
};

enum class FileUse { text, program };

/// Writes a file that a person named. A regular file, and one that is not there yet, is replaced or made in one step: a reader
/// sees the old content or the new, never a part; synced to disk. It keeps its mode, owner and attributes (a program becomes
/// executable for those who may read it). Links are followed to their target, which is made where it is missing. Anything
/// else (a device, a FIFO, a socket, /dev/stdout) is written into and stays what it is; that its reader goes away is no error.
/// Throws Error (failed) that names the file and the system's reason.
void write_file(const std::filesystem::path& path, std::string_view content, FileUse use = FileUse::text);

/// Whether a path is a name of this process's standard output: /dev/stdout, /dev/fd/1, a link to one of them.
[[nodiscard]] bool is_standard_output(const std::filesystem::path& path);

/// Makes the folder and those above it that are missing. Throws Error (failed).
void make_folders(const std::filesystem::path& folder);
/// Takes a file away, if it is there. Throws Error (failed).
void remove_file(const std::filesystem::path& path);

/// The error of a write, with the system's reason.
[[noreturn]] void fail_to_write(const std::filesystem::path& path, int error);

/// Whether something is there, a link that leads nowhere too. Throws Error (usage) where that cannot be known: a name or path
/// that is too long, a loop of links, a folder that may not be looked into.
[[nodiscard]] bool path_exists(const std::filesystem::path& path);

/// The path without links and '..', as far as it is there. Throws Error (usage) where links lead in a circle or the path is too
/// long.
[[nodiscard]] std::filesystem::path real_path(const std::filesystem::path& path);

/// Names of the regular files in a folder, sorted. Throws Error (usage) when it cannot be read, and for a link in it that leads
/// to nothing or to itself, unless its name starts with '.'.
[[nodiscard]] std::vector<std::string> list_files(const std::filesystem::path& folder);

[[nodiscard]] bool file_exists(const std::filesystem::path& path);
[[nodiscard]] bool folder_exists(const std::filesystem::path& path);

/// From now on the functions above that read find this content at `path`, and its folder: for files that are part of the
/// program. Not to be called while another thread reads.
void keep_in_memory(const std::filesystem::path& path, std::string content);

/// The folder that holds the running program.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace migrate
