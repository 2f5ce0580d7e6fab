/// Compiles C++ units into a cache of shared objects.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "revision/files.hpp"

namespace migrate {

struct CompileOptions {
  std::string compiler;             ///< a program on the path, or a path
  std::vector<std::string> flags;   ///< behind our own
  std::filesystem::path folder;     ///< where the compiler runs; names in its messages are relative to it
  std::filesystem::path cache;      ///< where new objects go
  std::vector<std::filesystem::path> caches;  ///< where else built ones are looked for
  bool ahead_only = false;          ///< take what a cache has, whatever compiler is here; compile nothing
  unsigned jobs = 0;                ///< compilers at a time; 0: one for each processor
};

/// Where a compiled unit is, or would be.
struct CompiledUnit {
  std::filesystem::path object;
  bool built = false;     ///< now, by this call
};

/// Compiles the units that no cache has, several at a time; the result has one for each, in order. Throws Error: there is no
/// compiler (usage), or it refuses units; its output is the message then. `started` is called for each unit that is compiled.
[[nodiscard]] std::vector<CompiledUnit> compile_units(std::span<const UnitFile* const> units, const CompileOptions& options,
                                                      const std::function<void(const UnitFile&)>& started = {});

/// Removes objects from the cache that belong to none of the units.
std::size_t prune_cache(std::span<const CompiledUnit> keep, const CompileOptions& options);

/// The folder of the public headers. Throws Error (usage) when they are not installed.
[[nodiscard]] std::filesystem::path header_folder();

}  // namespace migrate
