// migrate build: C++ units are compiled ahead
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/context.hpp"
#include "core/text.hpp"
#include "unit/compile.hpp"

namespace migrate::cli {

int run_build(Context& context) {
  auto& project = context.project();
  Ids ids;
  for (const auto& unit : project.units()) {
    if (unit.format == UnitFormat::cpp) ids.push_back(unit.revision.id);
  }
  const auto compiled = project.compile(ids, [&](const UnitFile& unit) { context.output.progress("compiling " + unit.path.filename().string()); });
  const auto built = static_cast<std::size_t>(std::count_if(compiled.begin(), compiled.end(), [](const CompiledUnit& unit) { return unit.built; }));
  const auto removed = prune_cache(compiled, project.compile_options());
  if (context.output.json()) {
    auto objects = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < compiled.size(); ++i) objects.push_back({{"revision", ids[i]}, {"object", compiled[i].object.string()}, {"built", compiled[i].built}});
    context.output.line(nlohmann::ordered_json({{"units", objects}, {"removed", removed}}).dump());
    return 0;
  }
  if (ids.empty()) context.output.line("no C++ units");
  else context.output.line(fmt::format("{} compiled, {} up to date", plural(built, "unit"), compiled.size() - built));
  return 0;
}

}  // namespace migrate::cli
