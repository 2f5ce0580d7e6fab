/// Other programs: called by their path with a list of words, never through a shell.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace migrate {

struct ProgramCall {
  std::filesystem::path program;
  std::vector<std::string> arguments;
  std::vector<std::pair<std::string, std::string>> environment;  ///< in addition to ours; an empty value takes a variable away
  int input = -1;   ///< a file descriptor, or -1 for nothing to read
  int output = -1;  ///< likewise, or -1 for what is thrown away
};

/// A program that runs. It dies with us, also when we are killed.
class RunningProgram {
 public:
  /// Throws Error (failed) when it cannot be started.
  explicit RunningProgram(const ProgramCall& call);
  ~RunningProgram();
  RunningProgram(const RunningProgram&) = delete;
  RunningProgram& operator=(const RunningProgram&) = delete;

  /// Its exit code, or minus the number of the signal that ended it.
  int wait();
  /// The end of what it said on its standard error; behind wait().
  [[nodiscard]] std::string errors() const;

 private:
  int process_ = -1;
  int errors_ = -1;  ///< a file without a name
};

/// Runs a program to its end. Throws Error (failed) with its name and its own words when its exit code is not 0.
void run_program(const ProgramCall& call);
[[noreturn]] void fail_program(const ProgramCall& call, int code, const std::string& errors);

/// What a program prints; "" when it cannot be run or fails.
[[nodiscard]] std::string output_of(const ProgramCall& call);

/// The first of the names that is a program in `folder`, or, without one, in a folder of PATH; each name in turn.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::vector<std::string>& names, const std::filesystem::path& folder = {});

/// A folder of our own, for files that hold secrets; it goes with what is in it.
class SecretFolder {
 public:
  SecretFolder();
  ~SecretFolder();
  SecretFolder(const SecretFolder&) = delete;
  SecretFolder& operator=(const SecretFolder&) = delete;
  /// Writes a file that only we may read, and returns its path.
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path folder_;
};

/// A descriptor that is closed with us.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  ~Descriptor() { reset(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  [[nodiscard]] int get() const { return number_; }
  void reset(int number = -1);

 private:
  int number_;
};

}  // namespace migrate
