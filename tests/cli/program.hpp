/// Runs the built program as a user does, in a folder of its own, and databases on the servers of scripts/test.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace migrate::cli_test {

/// A folder that is gone with the value.
class Folder {
 public:
  Folder();
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  [[nodiscard]] std::filesystem::path operator/(const std::string& name) const { return path_ / name; }
  void write(const std::string& name, const std::string& text) const;
  [[nodiscard]] std::string read(const std::string& name) const;

 private:
  std::filesystem::path path_;
};

/// Copies the sample project of the checkout into the folder, so that a test may write into it.
void copy_sample_project(const Folder& folder);

struct Outcome {
  int code = -1;  ///< exit code; 128 + the signal that ended it
  std::string out;
  std::string err;
};

using Environment = std::map<std::string, std::string>;

/// Runs `migrate ARGUMENTS` in `folder`, without a terminal and with an empty standard input.
[[nodiscard]] Outcome migrate(const std::filesystem::path& folder, const std::vector<std::string>& arguments, const Environment& environment = {});

/// Runs any program.
[[nodiscard]] Outcome run(const std::filesystem::path& folder, std::vector<std::string> command, const Environment& environment = {});

/// An empty database of each engine: SQLite in `folder`, and one on every server whose variable is set, dropped at the end.
class Databases {
 public:
  explicit Databases(const Folder& folder);
  Databases(const Databases&) = delete;
  Databases& operator=(const Databases&) = delete;
  ~Databases();

  /// URLs by engine: "sqlite", "postgresql", "mariadb", "mysql".
  [[nodiscard]] const std::map<std::string, std::string>& urls() const { return urls_; }

  /// Statements and rows (fields with '|' between them, NULL empty) over a connection of the test's own.
  void execute(const std::string& engine, const std::string& sql) const;
  [[nodiscard]] std::vector<std::string> rows(const std::string& engine, const std::string& sql) const;

 private:
  struct Made {
    std::string admin;
    std::string name;
  };
  std::map<std::string, std::string> urls_;
  std::vector<Made> made_;
};

}  // namespace migrate::cli_test
