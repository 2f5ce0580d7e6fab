#include "unit/cpp_unit.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <fmt/format.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <array>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "revision/graph.hpp"

namespace migrate {
namespace {

/// Who runs, for the handlers, which may do next to nothing: the text is ready before.
struct Running {
  std::array<char, 512> text{};
  std::size_t size = 0;
};
Running running;
volatile std::sig_atomic_t is_running = 0;

void write_all(const char* text, std::size_t size) {
  while (size > 0) {
    const auto done = ::write(STDERR_FILENO, text, size);
    if (done <= 0) return;
    text += done;
    size -= static_cast<std::size_t>(done);
  }
}

const char* words_for(int signal) {
  switch (signal) {
    case SIGSEGV: return "a segmentation fault (SIGSEGV)\n";
    case SIGBUS: return "a bus error (SIGBUS)\n";
    case SIGFPE: return "an arithmetic error (SIGFPE)\n";
    case SIGILL: return "an illegal instruction (SIGILL)\n";
    default: return "abort (SIGABRT)\n";
  }
}

extern "C" void on_crash(int signal) {
  static constexpr const char* hint = "  hint: mend the unit and run the same command again; the database is as after the last finished statement\n";
  write_all(running.text.data(), running.size);
  const char* words = words_for(signal);
  write_all(words, std::strlen(words));
  write_all(hint, std::strlen(hint));
  ::_exit(1);
}

/// A unit that ends the process would end the run without a word.
void on_exit() {
  if (is_running == 0) return;
  write_all(running.text.data(), running.size);
  static constexpr const char* words = "a call of exit\n";
  write_all(words, std::strlen(words));
  ::_exit(1);
}

/// Reports crashes while it lives. The handlers have a stack of their own, for a unit that used up its stack.
class CrashReport {
 public:
  CrashReport(const Revision& revision, Direction direction) {
    static const bool registered = std::atexit(on_exit) == 0;
    (void)registered;
    const auto text = fmt::format("error: {}: the {} of {} crashed: ", revision.location.file, to_text(direction), title(revision));
    running.size = std::min(text.size(), running.text.size());
    std::memcpy(running.text.data(), text.data(), running.size);
    static std::array<char, 64 * 1024> memory;
    stack_t stack{};
    stack.ss_sp = memory.data();
    stack.ss_size = memory.size();
    ::sigaltstack(&stack, &stack_before_);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      struct sigaction action {};
      action.sa_handler = on_crash;
      action.sa_flags = SA_ONSTACK | SA_RESETHAND;
      ::sigaction(signals[i], &action, &before_[i]);
    }
    is_running = 1;
  }
  ~CrashReport() {
    is_running = 0;
    for (std::size_t i = 0; i < signals.size(); ++i) ::sigaction(signals[i], &before_[i], nullptr);
    ::sigaltstack(&stack_before_, nullptr);
  }
  CrashReport(const CrashReport&) = delete;
  CrashReport& operator=(const CrashReport&) = delete;

 private:
  static constexpr std::array<int, 5> signals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
  std::array<struct sigaction, 5> before_{};
  stack_t stack_before_{};
};

[[noreturn]] void fail(const Revision& revision, Direction direction, const std::string& what) {
  throw Error{ErrorKind::failed, fmt::format("{} of {} failed: {}", to_text(direction), title(revision), what),
              "mend the unit and run the same command again", revision.location};
}

}  // namespace

void CppUnit::run(const Revision& revision, Direction direction, Operations& op) const {
  const auto function = direction == Direction::upgrade ? entry_.upgrade : entry_.downgrade;
  if (function == nullptr) {
    throw Error{ErrorKind::failed, fmt::format("the revision {} cannot be undone", title(revision)), "its unit says `irreversible`", revision.location};
  }
  const CrashReport report(revision, direction);
  try {
    function(op);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    fail(revision, direction, std::string("the unit threw an exception: ") + error.what());
  } catch (const std::string& text) {
    fail(revision, direction, "the unit threw a string: " + text);
  } catch (const char* text) {
    fail(revision, direction, std::string("the unit threw a string: ") + (text == nullptr ? "(null)" : text));
  } catch (const int number) {
    fail(revision, direction, "the unit threw the number " + std::to_string(number));
  } catch (...) {
    const auto* type = abi::__cxa_current_exception_type();
    int status = 0;
    const std::unique_ptr<char, decltype(&std::free)> name(type == nullptr ? nullptr : abi::__cxa_demangle(type->name(), nullptr, nullptr, &status), &std::free);
    fail(revision, direction, std::string("the unit threw an object of the type ") + (name ? name.get() : "that is not known") + ", which is no std::exception");
  }
}

void check_abi(const UnitEntry& entry, const Revision& revision) {
  constexpr auto ours = unit_abi();
  const auto& theirs = entry.abi;
  if (theirs.version == ours.version && theirs.layout == ours.layout && std::strcmp(theirs.library, ours.library) == 0) return;
  throw Error{ErrorKind::failed,
              fmt::format("the compiled unit {} does not fit this program: it was built for ABI {}/{} with {}, the program is {}/{} with {}", title(revision), theirs.version,
                          theirs.layout, theirs.library, ours.version, ours.layout, ours.library),
              "compile it with the headers of this version and with the compiler's usual standard library: `migrate build`", revision.location};
}

std::shared_ptr<const CppUnit> load_unit(const std::filesystem::path& object, const Revision& revision) {
  // Its own name first: an ABI mismatch is said as such, before a symbol that is missing is.
  void* module = ::dlopen(object.c_str(), RTLD_LAZY | RTLD_LOCAL);
  const auto* symbol = module == nullptr ? nullptr : static_cast<const UnitEntry*>(::dlsym(module, "migrate_unit"));
  if (module != nullptr && symbol == nullptr) {
    throw Error{ErrorKind::usage, fmt::format("the unit {} names no functions", title(revision)), "end it with MIGRATE_UNIT(upgrade, downgrade)", revision.location};
  }
  if (symbol != nullptr) check_abi(*symbol, revision);
  if (module == nullptr || ::dlopen(object.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
    const char* reason = ::dlerror();
    throw Error{ErrorKind::failed, fmt::format("cannot load the compiled unit {}: {}", title(revision), reason == nullptr ? "unknown reason" : reason),
                "when a symbol is missing, it was compiled with another standard library, or for another version of migrate: `migrate build`; libraries of your own belong into `cpp: {flags: ...}`",
                revision.location};
  }
  return std::make_shared<const CppUnit>(*symbol);
}

}  // namespace migrate
