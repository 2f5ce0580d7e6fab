#include "core/process.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "core/streams.hpp"
#include "core/text.hpp"
#include "migrate/error.hpp"

namespace migrate {
namespace {

namespace fs = std::filesystem;

/// Our environment with the additions of the call.
std::vector<std::string> environment_of(const ProgramCall& call) {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string text = *variable;
    const auto name = text.substr(0, text.find('='));
    const bool replaced = std::any_of(call.environment.begin(), call.environment.end(), [&](const auto& added) { return added.first == name; });
    if (!replaced) variables.push_back(text);
  }
  for (const auto& [name, value] : call.environment) {
    if (!value.empty()) variables.push_back(name + "=" + value);
  }
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> list;
  list.reserve(words.size() + 1);
  for (auto& word : words) list.push_back(word.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

RunningProgram::RunningProgram(const ProgramCall& call) {
  std::vector<std::string> words{call.program.string()};
  words.insert(words.end(), call.arguments.begin(), call.arguments.end());
  auto variables = environment_of(call);
  auto word_list = pointers(words);
  auto variable_list = pointers(variables);
  errors_ = ::memfd_create("errors", MFD_CLOEXEC);
  Descriptor nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  const pid_t parent = ::getpid();
  process_ = errors_ < 0 || nothing.get() < 0 ? -1 : ::fork();
  if (process_ < 0) throw Error{ErrorKind::failed, "cannot run " + call.program.string() + ": " + std::strerror(errno)};
  if (process_ != 0) return;
  // Only what is safe behind a fork from here on. One that is left behind by a killed parent would go on writing without the lock.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(126);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(call.input < 0 ? nothing.get() : call.input, 0);
  ::dup2(call.output < 0 ? nothing.get() : call.output, 1);
  ::dup2(errors_, 2);
  ::execve(word_list[0], word_list.data(), variable_list.data());
  ::_exit(127);
}

RunningProgram::~RunningProgram() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    (void)wait();
  }
  if (errors_ >= 0) ::close(errors_);
}

int RunningProgram::wait() {
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::string RunningProgram::errors() const {
  constexpr off_t most = 4000;
  const auto size = ::lseek(errors_, 0, SEEK_END);
  std::string text(static_cast<std::size_t>(std::min(size, most)), '\0');
  const auto got = ::pread(errors_, text.data(), text.size(), std::max<off_t>(0, size - most));
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return std::string(trim(text));
}

void fail_program(const ProgramCall& call, int code, const std::string& errors) {
  const auto name = call.program.filename().string();
  const auto end = code < 0 ? std::string("it was ended by signal ") + std::to_string(-code) : "exit code " + std::to_string(code);
  throw Error{ErrorKind::failed, name + " failed: " + (errors.empty() ? end : errors)};
}

void run_program(const ProgramCall& call) {
  RunningProgram program(call);
  if (const int code = program.wait(); code != 0) fail_program(call, code, program.errors());
}

std::string output_of(const ProgramCall& call) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return {};
  Descriptor reads(ends[0]);
  Descriptor writes(ends[1]);
  auto piped = call;
  piped.output = writes.get();
  RunningProgram program(piped);
  writes.reset();
  std::string text;
  std::array<char, 4096> buffer{};
  while (true) {
    const auto got = ::read(reads.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(got));
  }
  return program.wait() == 0 ? text : std::string();
}

std::optional<fs::path> find_program(const std::vector<std::string>& names, const fs::path& folder) {
  std::vector<std::string> folders{folder.string()};
  if (folder.empty()) {
    const char* path = std::getenv("PATH");
    folders = split(path == nullptr ? "/usr/bin:/bin" : path, ':');
  }
  for (const auto& name : names) {
    for (const auto& place : folders) {
      const auto file = fs::path(place) / name;
      std::error_code error;
      if (!place.empty() && fs::is_regular_file(file, error) && ::access(file.c_str(), X_OK) == 0) return file;
    }
  }
  return std::nullopt;
}

SecretFolder::SecretFolder() {
  std::error_code error;
  auto name = (fs::temp_directory_path(error) / "migrate-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) throw Error{ErrorKind::failed, "cannot make a temporary folder: " + std::string(std::strerror(errno))};
  folder_ = name;
}

SecretFolder::~SecretFolder() {
  std::error_code error;
  fs::remove_all(folder_, error);
}

fs::path SecretFolder::write(const std::string& name, const std::string& content) const {
  const auto path = folder_ / name;
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  const int error = file.get() < 0 ? errno : write_all(file.get(), content);
  if (error != 0) throw Error{ErrorKind::failed, "cannot write " + path.string() + ": " + std::strerror(error)};
  return path;
}

void Descriptor::reset(int number) {
  if (number_ >= 0) ::close(number_);
  number_ = number;
}

}  // namespace migrate
