/// What is fuzzed: functions over untrusted text. Each throws migrate::Error for bad text and nothing else, and keeps the
/// promises that it checks.
#pragma once

#include <span>
#include <string_view>

namespace migrate::fuzz {

/// Whether the input is one that a person wrote, for which more holds than for any text.
inline bool written_by_hand = false;

struct Target {
  std::string_view name;  ///< also the folder of its seeds: tests/fuzz/seeds/NAME
  void (*run)(std::string_view input);
};

[[nodiscard]] std::span<const Target> targets();

/// The target of that name, or null.
[[nodiscard]] const Target* find(std::string_view name);

/// Runs the target; a migrate::Error is a good answer. Anything else ends the process.
void run(const Target& target, std::string_view input);

}  // namespace migrate::fuzz
