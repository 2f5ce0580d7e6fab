// Runs the fuzzers' seeds and the inputs that once broke something: tests/fuzz/seeds/TARGET/*. Each also cut off and with
// bytes changed, always in the same way, so that a compiler without libFuzzer looks a little further too.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> files;
  if (!fs::is_directory(folder)) return files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void run_variants(const migrate::fuzz::Target& target, const std::string& input, std::minstd_rand& random) {
  migrate::fuzz::written_by_hand = true;
  migrate::fuzz::run(target, input);
  migrate::fuzz::written_by_hand = false;
  if (input.empty() || input.size() > 20'000) return;
  static constexpr std::string_view bytes = "'\"`$;:-/*(){}[]\\\n\0 #,@|>&!%\xff";
  for (int i = 0; i < 20; ++i) {
    auto changed = input;
    const auto at = random() % changed.size();
    switch (i % 4) {
      case 0: changed.resize(at); break;
      case 1: changed[at] = bytes[random() % bytes.size()]; break;
      case 2: changed.insert(at, 1, bytes[random() % bytes.size()]); break;
      default: changed.erase(at, 1 + random() % 5);
    }
    migrate::fuzz::run(target, changed);
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 2) {
    std::fprintf(stderr, "usage: %s SEEDS [TARGET FILE...]\n", arguments[0]);
    return 2;
  }
  if (count > 2) {
    const auto* target = migrate::fuzz::find(arguments[2]);
    if (target == nullptr) return 2;
    for (int i = 3; i < count; ++i) migrate::fuzz::run(*target, read(arguments[i]));
    return 0;
  }
  for (const auto& target : migrate::fuzz::targets()) {
    std::minstd_rand random(1);
    const auto files = files_in(fs::path(arguments[1]) / target.name);
    if (files.empty()) {
      std::fprintf(stderr, "no seeds for %s\n", std::string(target.name).c_str());
      return 1;
    }
    for (const auto& file : files) {
      // Said beforehand: an input that ends the process is the last one named.
      std::printf("%s %s\n", std::string(target.name).c_str(), file.filename().c_str());
      std::fflush(stdout);
      run_variants(target, read(file), random);
    }
  }
  return 0;
}
