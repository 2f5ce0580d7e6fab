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

/// Replaces or makes the file in one step: a reader sees the old content or the new, never a part; synced to disk.
void write_file(const std::filesystem::path& path, std::string_view content);

/// Names of the regular files in a folder, sorted. Throws Error (usage) when it cannot be read.
[[nodiscard]] std::vector<std::string> list_files(const std::filesystem::path& folder);

[[nodiscard]] bool file_exists(const std::filesystem::path& path);
[[nodiscard]] bool folder_exists(const std::filesystem::path& path);

/// From now on the functions above that read find this content at `path`, and its folder: for files that are part of the
/// program. Not to be called while another thread reads.
void keep_in_memory(const std::filesystem::path& path, std::string content);

/// The folder that holds the running program.
[[nodiscard]] std::filesystem::path program_folder();

}  // namespace migrate
