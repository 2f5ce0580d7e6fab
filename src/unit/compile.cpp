#include "unit/compile.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <map>
#include <optional>
#include <thread>

#include "core/filesystem.hpp"
#include "core/sha256.hpp"
#include "core/text.hpp"
#include "migrate/unit.hpp"
#include "revision/graph.hpp"
#include "revision/sum.hpp"

extern char** environ;

namespace migrate {
namespace {

namespace fs = std::filesystem;

/// Ours come first, so that a project may override them. No optimization: a unit waits for the database.
const std::vector<std::string> own_flags{"-std=c++20", "-O0", "-fPIC", "-shared", "-fvisibility=hidden"};

std::string text_of_abi() {
  constexpr auto abi = unit_abi();
  return fmt::format("{}/{}/{}", abi.version, abi.layout, abi.library);
}

fs::path find_program(const std::string& name) {
  if (name.find('/') != std::string::npos) return ::access(name.c_str(), X_OK) == 0 ? fs::path(name) : fs::path();
  const char* path = std::getenv("PATH");
  for (const auto& folder : split(path == nullptr ? "" : path, ':')) {
    const auto file = fs::path(folder) / name;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return {};
}

/// What tells one version of a compiler from another without running it.
std::string identity(const fs::path& compiler) {
  std::error_code error;
  const auto real = fs::canonical(compiler, error);
  struct stat status {};
  if (error || ::stat(real.c_str(), &status) != 0) return "";
  return fmt::format("{} {} {}", real.string(), status.st_size, static_cast<long long>(status.st_mtime));
}

std::string digest_of_file(const fs::path& file) {
  std::error_code error;
  return fs::is_regular_file(file, error) ? sha256(read_file(file)).substr(0, 32) : "";
}

/// What stands beside an object: the compiler, and the project's own files that the unit includes.
struct Note {
  std::string compiler;
  std::vector<std::pair<std::string, std::string>> includes;  ///< path relative to the folder, digest
};

std::string write_note(const Note& note) {
  std::string text = "compiler " + note.compiler + "\n";
  for (const auto& [path, digest] : note.includes) text += "include " + digest + " " + path + "\n";
  return text;
}

Note read_note(const std::string& text) {
  Note note;
  for (const auto& line : split(text, '\n')) {
    if (line.starts_with("compiler ")) note.compiler = line.substr(9);
    if (line.starts_with("include ") && line.size() > 41) note.includes.emplace_back(line.substr(41), line.substr(8, 32));
  }
  return note;
}

fs::path note_of(const fs::path& object) { return object.string() + ".txt"; }

/// The files of a dependency file ("x.o: a.cpp b.hpp \"), without the unit itself.
std::vector<std::string> read_dependencies(const std::string& text, const std::string& unit) {
  std::vector<std::string> files;
  std::string word;
  bool target = true;
  const auto take = [&] {
    if (!word.empty() && !target && word != unit) files.push_back(word);
    if (!word.empty() && word.back() == ':') target = false;
    word.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() && text[i + 1] == '\n') ++i, take();
    else if (text[i] == '\\' && i + 1 < text.size()) word += text[++i];
    else if (text[i] == ' ' || text[i] == '\n') take();
    else word += text[i];
  }
  take();
  return files;
}

/// One run of the compiler.
struct Job {
  std::size_t index = 0;
  pid_t process = 0;
  fs::path object, output, dependencies;
};

class Compilation {
 public:
  Compilation(std::span<const UnitFile* const> units, const CompileOptions& options) : units_(units), options_(options) {
    if (!options.ahead_only) compiler_ = find_program(options.compiler);
    identity_ = compiler_.empty() ? "" : identity(compiler_);
  }

  std::vector<CompiledUnit> run(const std::function<void(const UnitFile&)>& started) {
    std::vector<CompiledUnit> out;
    std::vector<std::size_t> missing;
    for (std::size_t i = 0; i < units_.size(); ++i) {
      out.push_back({find(*units_[i])});
      if (!out.back().object.empty()) continue;
      out.back() = {options_.cache / object_name(*units_[i]), true};
      missing.push_back(i);
    }
    if (missing.empty()) return out;
    if (compiler_.empty()) refuse_without_compiler(*units_[missing.front()]);
    prepare_cache();
    compile(missing, out, started);
    return out;
  }

 private:
  [[nodiscard]] std::string relative(const fs::path& path) const {
    const auto text = path.lexically_relative(options_.folder).string();
    return text.empty() ? path.string() : text;
  }

  [[nodiscard]] std::string object_name(const UnitFile& unit) const {
    const auto key = sha256(fmt::format("{}\n{}\n{}\n{}", unit_text(unit), relative(unit.path), text_of_abi(), join(options_.flags, "\n")));
    return unit.path.stem().string() + "-" + key.substr(0, 16) + ".so";
  }

  /// An object that is still right: of this compiler, as far as there is one, and of the included files as they are.
  [[nodiscard]] fs::path find(const UnitFile& unit) const {
    const auto name = object_name(unit);
    std::vector<fs::path> folders{options_.cache};
    folders.insert(folders.end(), options_.caches.begin(), options_.caches.end());
    for (const auto& folder : folders) {
      const auto object = folder / name;
      std::error_code error;
      if (!fs::exists(object, error) || !fs::exists(note_of(object), error)) continue;
      const auto note = read_note(read_file(note_of(object)));
      if (!identity_.empty() && note.compiler != identity_) continue;
      const bool same = options_.ahead_only || std::all_of(note.includes.begin(), note.includes.end(),
                                    [&](const auto& include) { return digest_of_file(options_.folder / include.first) == include.second; });
      if (same) return object;
    }
    return {};
  }

  [[noreturn]] void refuse_without_compiler(const UnitFile& unit) const {
    throw Error{ErrorKind::usage, fmt::format("cannot compile the unit {}: there is no compiler '{}'", title(unit.revision), options_.compiler),
                "install one (Debian: g++), name it with `cpp: {compiler: ...}` in migrate.yaml or with CXX, or compile ahead with `migrate build`",
                {unit.path.string()}};
  }

  void prepare_cache() const {
    std::error_code error;
    fs::create_directories(options_.cache, error);
    if (error || ::access(options_.cache.c_str(), W_OK) != 0) {
      throw Error{ErrorKind::failed, "cannot write compiled units to " + options_.cache.string(),
                  "name another folder with `cpp: {cache: ...}` in migrate.yaml, or compile ahead with `migrate build`"};
    }
    // Compiled units are nobody's source.
    const auto ignore = options_.cache / ".gitignore";
    if (!path_exists(ignore)) write_file(ignore, "*\n");
  }

  [[nodiscard]] Job start(std::size_t index, const fs::path& object) const {
    const auto& unit = *units_[index];
    Job job{.index = index};
    const auto stem = object.string() + fmt::format(".{}", ::getpid());
    job.object = stem + ".new";
    job.output = stem + ".out";
    job.dependencies = stem + ".d";
    std::vector<std::string> words{compiler_.string()};
    words.insert(words.end(), own_flags.begin(), own_flags.end());
    words.insert(words.end(), {"-isystem", header_folder().string(), "-MMD", "-MF", job.dependencies.string()});
    words.insert(words.end(), options_.flags.begin(), options_.flags.end());
    words.insert(words.end(), {relative(unit.path), "-o", job.object.string()});
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addchdir_np(&actions, options_.folder.c_str());
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, job.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::posix_spawn_file_actions_adddup2(&actions, 1, 2);
    const int error = ::posix_spawn(&job.process, compiler_.c_str(), &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw Error{ErrorKind::failed, "cannot run the compiler " + compiler_.string() + ": " + std::strerror(error)};
    return job;
  }

  void compile(const std::vector<std::size_t>& missing, const std::vector<CompiledUnit>& out, const std::function<void(const UnitFile&)>& started) const {
    const auto most = options_.jobs > 0 ? options_.jobs : std::max(1U, std::thread::hardware_concurrency());
    std::map<pid_t, Job> running;
    std::map<std::size_t, std::string> failures;
    std::size_t next = 0;
    while (next < missing.size() || !running.empty()) {
      while (next < missing.size() && running.size() < most && failures.empty()) {
        const auto index = missing[next++];
        if (started) started(*units_[index]);
        const auto job = start(index, out[index].object);
        running.emplace(job.process, job);
      }
      if (running.empty()) break;
      // Each of ours by its number: other children of the process are not ours to reap.
      const auto job = running.begin()->second;
      int status = 0;
      while (::waitpid(job.process, &status, 0) < 0 && errno == EINTR) {
      }
      running.erase(job.process);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) finish(job, out[job.index].object);
      else failures[job.index] = output_of(job, status);
      for (const auto& file : {job.output, job.dependencies, job.object}) {
        std::error_code ignored;
        fs::remove(file, ignored);
      }
    }
    if (!failures.empty()) refuse(failures);
  }

  static std::string output_of(const Job& job, int status) {
    auto text = fs::exists(job.output) ? read_file(job.output) : std::string();
    if (WIFSIGNALED(status)) text += fmt::format("the compiler was ended by signal {}\n", WTERMSIG(status));
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }

  void finish(const Job& job, const fs::path& object) const {
    Note note{.compiler = identity_, .includes = {}};
    if (fs::exists(job.dependencies)) {
      for (const auto& file : read_dependencies(read_file(job.dependencies), relative(units_[job.index]->path))) {
        note.includes.emplace_back(file, digest_of_file(options_.folder / file));
      }
    }
    write_file(note_of(object), write_note(note));
    fs::rename(job.object, object);
  }

  [[noreturn]] void refuse(const std::map<std::size_t, std::string>& failures) const {
    std::string message;
    for (const auto& [index, output] : failures) {
      message += fmt::format("{}cannot compile the unit {}:\n{}", message.empty() ? "" : "\n", title(units_[index]->revision), output);
    }
    const auto& first = *units_[failures.begin()->first];
    Location place{first.path.string()};
    const auto& output = failures.begin()->second;
    const auto name = relative(first.path) + ":";
    for (auto at = output.find(name); at != std::string::npos; at = output.find(name, at + 1)) {
      const auto end = output.find('\n', at);
      if (output.substr(at, end - at).find("error:") == std::string::npos) continue;
      place.line = std::atoi(output.c_str() + at + name.size());
      break;
    }
    throw Error{ErrorKind::usage, message, "mend the unit; nothing has run", place};
  }

  std::span<const UnitFile* const> units_;
  const CompileOptions& options_;
  fs::path compiler_;
  std::string identity_;
};

}  // namespace

fs::path header_folder() {
  const auto here = program_folder();
  std::vector<fs::path> folders;
  if (const char* chosen = std::getenv("MIGRATE_INCLUDE"); chosen != nullptr && *chosen != '\0') folders.emplace_back(chosen);
  folders.insert(folders.end(), {here.parent_path() / "include", here.parent_path() / "src/include", here.parent_path().parent_path() / "src/include",
                                 here.parent_path().parent_path() / "include", MIGRATE_INCLUDE_FOLDER});  // the fourth: lib/migrate of an archive
  for (const auto& folder : folders) {
    if (fs::exists(folder / "migrate/unit.hpp")) return folder;
  }
  throw Error{ErrorKind::usage, "cannot find the headers of C++ units (migrate/unit.hpp)", "install them with migrate, or set MIGRATE_INCLUDE to their folder"};
}

std::vector<CompiledUnit> compile_units(std::span<const UnitFile* const> units, const CompileOptions& options,
                                        const std::function<void(const UnitFile&)>& started) {
  return Compilation(units, options).run(started);
}

std::size_t prune_cache(std::span<const CompiledUnit> keep, const CompileOptions& options) {
  std::size_t removed = 0;
  std::error_code error;
  if (!fs::is_directory(options.cache, error)) return 0;
  for (const auto& name : list_files(options.cache)) {
    const auto object = options.cache / name;
    const bool kept = std::any_of(keep.begin(), keep.end(), [&](const CompiledUnit& unit) { return unit.object == object; });
    if (!name.ends_with(".so") || kept) continue;
    fs::remove(object, error);
    fs::remove(note_of(object), error);
    ++removed;
  }
  return removed;
}

}  // namespace migrate
