// libFuzzer's entry: one program for all targets, MIGRATE_FUZZ_TARGET says which.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "fuzz/targets.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto* target = [] {
    const char* name = std::getenv("MIGRATE_FUZZ_TARGET");
    const auto* found = name == nullptr ? nullptr : migrate::fuzz::find(name);
    if (found == nullptr) {
      std::fprintf(stderr, "MIGRATE_FUZZ_TARGET is not one of the targets (scripts/fuzz lists them)\n");
      std::exit(2);
    }
    return found;
  }();
  migrate::fuzz::run(*target, {reinterpret_cast<const char*>(data), size});
  return 0;
}
